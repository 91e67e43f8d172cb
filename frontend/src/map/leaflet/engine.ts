/** MapPort on Leaflet 1.9. */
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import { canvasMeasure, drawLabels, LABEL_FONT, labelKey, type Measure, placeLabels } from "../mvt/labels";
import { MvtLayer } from "../mvt/layer";
import { drawOutline, geometryPieces } from "../mvt/outline";
import type { OutlinePiece } from "../mvt/protocol";
import type {
  Bounds,
  FeaturesInView,
  FitOptions,
  Highlight,
  Insets,
  LngLat,
  MapClick,
  MapEvents,
  MapPort,
  MapView,
  PickHit,
  Pixel,
  SourcePatch,
  TileSource,
} from "../port";
import { Overlay, type OverlayFrame } from "./overlay";
import { deviceRatio, TileGrid } from "./tiles";

export interface LeafletMapOptions {
  readonly view: MapView | Bounds;
  readonly maxBounds?: Bounds | undefined;
  /** The person asked for less motion. */
  readonly still?: boolean;
}

const MIN_ZOOM = 4;
const MAX_ZOOM = 20;
const FIT_PADDING_PX = 24;
/** Of each side of a box that brings its own margin, so much may be lost: zooms are whole steps. */
const SNUG_CUT = 1 / 30;
/** Longer than any of Leaflet's animations. */
const PROGRAM_MOVE_MS = 700;
const NO_INSETS: Insets = { top: 0, right: 0, bottom: 0, left: 0 };

type Listeners = { [E in keyof MapEvents]: Set<(detail: MapEvents[E]) => void> };

export class LeafletMap implements MapPort {
  /** For src/map/leaflet and the drawing engine only; see native.ts. */
  readonly leaflet: L.Map;
  private readonly tiles: MvtLayer;
  private readonly overlay: Overlay;
  private readonly listeners: Listeners = {
    moveend: new Set(),
    click: new Set(),
    hover: new Set(),
    tiles: new Set(),
  };
  /** When the program last moved the map; a move is animated, and ends as several events. */
  private movedAt = -Infinity;
  private marked: Highlight | null = null;
  private outline: { zoom: number; pieces: readonly OutlinePiece[] } | null = null;
  /** Labels on the screen, and the zoom they were chosen for. */
  private shown: { zoom: number; keys: ReadonlySet<string> } = { zoom: -1, keys: new Set() };
  private tilesLoading = 0;
  private measure: Measure | null = null;
  private stopWatchingRatio: () => void = () => undefined;

  constructor(
    readonly element: HTMLElement,
    options: LeafletMapOptions,
  ) {
    this.leaflet = new L.Map(element, leafletOptions(options));
    const pane = this.leaflet.createPane("hm-overlay");
    // Above the tiles (200), below what the editor draws (400).
    pane.style.zIndex = "350";
    pane.style.pointerEvents = "none";
    this.overlay = new Overlay((frame) => this.drawOverlay(frame));
    this.tiles = new MvtLayer({
      onTile: ({ z }) => {
        if (z === this.styleZoom()) this.tilesChanged();
      },
      onState: (state) => {
        this.tilesLoading = state.loading;
        this.emit("tiles", state);
      },
    });
    this.listen();
    if (isBounds(options.view)) this.fit(options.view, { snug: true });
    else this.setView(options.view, { animate: false });
    this.leaflet.addLayer(new TileGrid(this.tiles));
    this.leaflet.addLayer(this.overlay);
    this.watchRatio();
    void this.loadFont();
  }

  view(): MapView {
    const { lng, lat } = this.leaflet.getCenter();
    return { lng, lat, zoom: this.leaflet.getZoom() };
  }

  setView({ lng, lat, zoom }: MapView, { animate = true } = {}): void {
    this.movedAt = performance.now();
    this.leaflet.setView([lat, lng], Math.round(zoom), { animate });
  }

  fit([west, south, east, north]: Bounds, options: FitOptions = {}): void {
    const { maxZoom = 18, insets = NO_INSETS, snug = false } = options;
    this.movedAt = performance.now();
    const padding = snug ? 0 : FIT_PADDING_PX;
    const cut = snug ? SNUG_CUT : 0;
    const [dx, dy] = [(east - west) * cut, (north - south) * cut];
    this.leaflet.fitBounds(L.latLngBounds([south + dy, west + dx], [north - dy, east - dx]), {
      maxZoom,
      paddingTopLeft: [insets.left + padding, insets.top + padding],
      paddingBottomRight: [insets.right + padding, insets.bottom + padding],
    });
  }

  zoomBy(steps: number): void {
    this.leaflet.setZoom(this.leaflet.getZoom() + steps);
  }

  canZoom(direction: 1 | -1): boolean {
    const zoom = this.leaflet.getZoom();
    return direction > 0 ? zoom < this.leaflet.getMaxZoom() : zoom > this.leaflet.getMinZoom();
  }

  bounds(): Bounds {
    const box = this.leaflet.getBounds();
    return [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
  }

  metresPerPixel(): number {
    const { lat } = this.leaflet.getCenter();
    const equator = 2 * Math.PI * 6378137;
    return (equator * Math.cos((lat * Math.PI) / 180)) / (256 * 2 ** this.leaflet.getZoom());
  }

  styleZoom(): number {
    return this.leaflet.getZoom() - 1;
  }

  reveal(target: LngLat | Bounds, insets: Insets): void {
    const [west, south, east, north] = isBounds(target)
      ? target
      : [target.lng, target.lat, target.lng, target.lat];
    const topLeft = this.toPixel({ lng: west, lat: north });
    const bottomRight = this.toPixel({ lng: east, lat: south });
    const { x: width, y: height } = this.leaflet.getSize();
    const dx = shift(
      topLeft.x,
      bottomRight.x,
      insets.left + FIT_PADDING_PX,
      width - insets.right - FIT_PADDING_PX,
    );
    const dy = shift(
      topLeft.y,
      bottomRight.y,
      insets.top + FIT_PADDING_PX,
      height - insets.bottom - FIT_PADDING_PX,
    );
    if (dx === 0 && dy === 0) return;
    this.movedAt = performance.now();
    this.leaflet.panBy([dx, dy]);
  }

  toLngLat({ x, y }: Pixel): LngLat {
    const { lng, lat } = this.leaflet.containerPointToLatLng([x, y]);
    return { lng, lat };
  }

  toPixel({ lng, lat }: LngLat): Pixel {
    const { x, y } = this.leaflet.latLngToContainerPoint([lat, lng]);
    return { x, y };
  }

  setLayers(layers: readonly TileSource[]): void {
    this.tiles.setSources(layers);
  }

  patchLayer(name: string, patch: SourcePatch): void {
    this.tiles.patch(name, patch);
  }

  refresh(layer: string, version: string | number): void {
    // An edit may lie outside of what the layer covered when the page was made.
    this.tiles.patch(layer, { version, bounds: null });
  }

  changed(layer: string, version: string | number, boxes: readonly Bounds[]): void {
    this.tiles.patch(layer, { changed: { version, boxes } });
  }

  hide(layer: string, ids: readonly number[]): void {
    this.tiles.patch(layer, { hidden: ids });
  }

  retry(): void {
    this.tiles.retry();
  }

  pick(pixel: Pixel, tolerancePx: number): Promise<readonly PickHit[]> {
    const { x, y } = this.leaflet.project(this.leaflet.containerPointToLatLng([pixel.x, pixel.y]));
    return this.tiles.ask({ ask: "pick", zoom: this.styleZoom(), x, y, tolerance: tolerancePx });
  }

  async featuresInView(limit: number, insets = NO_INSETS): Promise<FeaturesInView> {
    const zoom = this.leaflet.getZoom();
    const { min, max } = this.leaflet.getPixelBounds();
    if (!min || !max) return { total: 0, items: [] };
    const { left, top, right, bottom } = insets;
    const box = [min.x + left, min.y + top, max.x - right, max.y - bottom] as const;
    const { total, items } = await this.tiles.ask({ ask: "inView", zoom: zoom - 1, box, limit });
    const place = (x: number, y: number): LngLat => {
      const { lng, lat } = this.leaflet.unproject([x, y], zoom);
      return { lng, lat };
    };
    return { total, items: items.map(({ layer, id, x, y }) => ({ layer, id, at: place(x, y) })) };
  }

  highlight(target: Highlight | null): void {
    const same =
      target?.feature.id === this.marked?.feature.id && target?.feature.layer === this.marked?.feature.layer;
    this.marked = target;
    if (!same) this.outline = null;
    void this.updateOutline();
  }

  on<E extends keyof MapEvents>(event: E, listener: (detail: MapEvents[E]) => void): () => void {
    this.listeners[event].add(listener);
    return () => this.listeners[event].delete(listener);
  }

  /** Draws one layer by itself in a pane, beside the common picture. Returns the function that takes it away. */
  drawApart(source: TileSource, pane: string): () => void {
    const tiles = new MvtLayer({ onTile: () => undefined, onState: () => undefined });
    tiles.setSources([source]);
    const grid = new TileGrid(tiles);
    grid.options.pane = pane;
    this.leaflet.addLayer(grid);
    return () => {
      grid.remove();
      tiles.close();
    };
  }

  destroy(): void {
    this.stopWatchingRatio();
    this.leaflet.remove();
    this.tiles.close();
  }

  private emit<E extends keyof MapEvents>(event: E, detail: MapEvents[E]): void {
    for (const listener of this.listeners[event]) listener(detail);
  }

  private listen(): void {
    this.leaflet.on("moveend", () => {
      const byUser = performance.now() - this.movedAt > PROGRAM_MOVE_MS;
      void this.updateOutline();
      this.emit("moveend", { view: this.view(), byUser });
    });
    this.leaflet.on("click", (event) => this.emit("click", toClick(event)));
    this.leaflet.on("mousemove", (event) => this.emit("hover", toClick(event)));
    this.leaflet.on("mouseout dragstart", () => this.emit("hover", null));
  }

  private tilesChanged(): void {
    this.overlay.redraw();
    if (this.marked && !this.marked.geometry) void this.updateOutline();
  }

  private async updateOutline(): Promise<void> {
    const { marked } = this;
    const zoom = this.styleZoom();
    if (!marked) this.outline = null;
    else if (marked.geometry) this.outline = { zoom, pieces: geometryPieces(marked.geometry, zoom) };
    else {
      const { layer, id } = marked.feature;
      const pieces = await this.tiles.ask({ ask: "outline", zoom, layer, id });
      if (this.marked !== marked) return;
      this.outline = { zoom, pieces };
    }
    this.overlay.redraw();
  }

  private drawOverlay({ ctx, width, height, left, top, zoom }: OverlayFrame): void {
    if (this.outline?.zoom === zoom - 1) drawOutline(ctx, this.outline.pieces, left, top);
    if (!this.measure) return;
    const candidates = this.tiles
      .labels(zoom - 1)
      .map((label) => ({ ...label, x: label.x - left, y: label.y - top }));
    // After zooming labels are chosen anew with each tile; once all are there, they stay while the map is panned.
    const shown = this.shown.zoom === zoom ? this.shown.keys : new Set<string>();
    const placed = placeLabels(candidates, { width, height, measure: this.measure, shown });
    if (this.shown.zoom === zoom || this.tilesLoading === 0) {
      this.shown = { zoom, keys: new Set(placed.map(({ label }) => labelKey(label))) };
    }
    drawLabels(ctx, placed);
  }

  /** Labels wait for their font: measured with another one they would overlap. Two seconds at most. */
  private async loadFont(): Promise<void> {
    const wanted = [400, 700].map((weight) => document.fonts.load(`${weight} 12px "${LABEL_FONT}"`, "Aґї"));
    await Promise.race([Promise.allSettled(wanted), new Promise((resolve) => setTimeout(resolve, 2000))]);
    const ctx = document.createElement("canvas").getContext("2d");
    if (ctx) this.measure = canvasMeasure(ctx);
    this.overlay.redraw();
  }

  private watchRatio(): void {
    const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    const changed = () => {
      this.tiles.repaint(deviceRatio());
      this.overlay.redraw();
      this.watchRatio();
    };
    query.addEventListener("change", changed, { once: true });
    this.stopWatchingRatio = () => query.removeEventListener("change", changed);
  }
}

function leafletOptions({ maxBounds, still = false }: LeafletMapOptions): L.MapOptions {
  return {
    zoomControl: false,
    attributionControl: false,
    minZoom: MIN_ZOOM,
    maxZoom: MAX_ZOOM,
    zoomAnimation: !still,
    fadeAnimation: !still,
    markerZoomAnimation: !still,
    inertia: !still,
    wheelPxPerZoomLevel: 90,
    maxBoundsViscosity: 0.7,
    ...(maxBounds && {
      maxBounds: [
        [maxBounds[1], maxBounds[0]],
        [maxBounds[3], maxBounds[2]],
      ],
    }),
  };
}

function isBounds(target: LngLat | Bounds): target is Bounds {
  return Array.isArray(target);
}

/** How far the map must move so that from..to lies within low..high; 0 when it does, or cannot. */
function shift(from: number, to: number, low: number, high: number): number {
  if (to - from > high - low) return 0;
  if (from < low) return Math.round(from - low);
  return to > high ? Math.round(to - high) : 0;
}

function toClick(event: L.LeafletMouseEvent): MapClick {
  const original = event.originalEvent as MouseEvent & { pointerType?: string };
  return {
    pixel: { x: event.containerPoint.x, y: event.containerPoint.y },
    at: { lng: event.latlng.lng, lat: event.latlng.lat },
    touch: original.pointerType === "touch",
    shift: original.shiftKey,
  };
}
