/** One canvas over the tiles for labels and the marked feature, a little larger than the window. */
import L from "leaflet";
import type { Context2D } from "../mvt/canvas";
import { deviceRatio } from "./tiles";

/** So far a drag may go before the edge of what was drawn shows. */
const MARGIN_PX = 192;

export interface OverlayFrame {
  readonly ctx: Context2D;
  readonly width: number;
  readonly height: number;
  /** World pixel, at the map's zoom, of the canvas's upper left corner. */
  readonly left: number;
  readonly top: number;
  readonly zoom: number;
}

type Draw = (frame: OverlayFrame) => void;

interface ZoomingMap extends L.Map {
  _getNewPixelOrigin(center: L.LatLng, zoom: number): L.Point;
  _animatingZoom?: boolean;
}

export class Overlay extends L.Layer {
  private readonly canvas = document.createElement("canvas");
  private drawnAt: { center: L.LatLng; zoom: number } | null = null;
  private frame = 0;

  constructor(private readonly draw: Draw) {
    super({ pane: "hm-overlay" });
    this.canvas.className = "hm-overlay leaflet-zoom-animated";
    this.canvas.setAttribute("aria-hidden", "true");
  }

  override onAdd(map: L.Map): this {
    map.getPane("hm-overlay")?.append(this.canvas);
    this.redraw();
    return this;
  }

  override onRemove(): this {
    cancelAnimationFrame(this.frame);
    this.canvas.remove();
    return this;
  }

  override getEvents(): Record<string, L.LeafletEventHandlerFn> {
    return {
      moveend: () => this.redraw(),
      resize: () => this.redraw(),
      zoom: () => this.follow(this._map.getCenter(), this._map.getZoom()),
      zoomanim: (event) => this.follow((event as L.ZoomAnimEvent).center, (event as L.ZoomAnimEvent).zoom),
    };
  }

  /** Draws before the next picture of the screen, once however often it is called. */
  redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.redrawNow());
  }

  private redrawNow(): void {
    const map = this._map as ZoomingMap | undefined;
    if (!map || map._animatingZoom) return;
    const size = map.getSize();
    const [width, height] = [size.x + 2 * MARGIN_PX, size.y + 2 * MARGIN_PX];
    const ratio = deviceRatio();
    if (this.canvas.width !== width * ratio || this.canvas.height !== height * ratio) {
      this.canvas.width = width * ratio;
      this.canvas.height = height * ratio;
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([-MARGIN_PX, -MARGIN_PX]));
    this.drawnAt = { center: map.getCenter(), zoom: map.getZoom() };
    const ctx = this.canvas.getContext("2d");
    if (!ctx) return;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const corner = map.getPixelBounds().min ?? L.point(0, 0);
    const [left, top] = [corner.x - MARGIN_PX, corner.y - MARGIN_PX];
    this.draw({ ctx, width, height, left, top, zoom: map.getZoom() });
  }

  /** Stretches what was drawn while the zoom runs, as Leaflet does with its own canvases. */
  private follow(center: L.LatLng, zoom: number): void {
    const map = this._map as ZoomingMap | undefined;
    if (!map || !this.drawnAt) return;
    const scale = map.getZoomScale(zoom, this.drawnAt.zoom);
    const half = map.getSize().multiplyBy(0.5).add([MARGIN_PX, MARGIN_PX]);
    const offset = half
      .multiplyBy(-scale)
      .add(map.project(this.drawnAt.center, zoom))
      .subtract(map._getNewPixelOrigin(center, zoom));
    L.DomUtil.setTransform(this.canvas, offset, scale);
  }
}
