/** Rasters beneath the map's tiles: a pane for each, so that they have an order and can be cut for a comparison. */
import L from "leaflet";
import type { Bounds, LngLat, MapPort, TileSource } from "../port";
import { leafletMap, nativeMap } from "./native";

export interface RasterSource {
  readonly name: string;
  /** Address with {z}, {x}, {y} and {r}. */
  readonly tiles: string;
  readonly maxzoom: number;
  readonly bounds: Bounds;
}

/** Which part of the map something may show; "nowhere" none of it. */
export type Side = "left" | "right";
export type Sides = ReadonlyMap<string, Side | "nowhere">;

/** Above what lies under the map, below its tiles (Leaflet's pane of tiles is 200). */
const LOWEST_PANE = 100;
/** A layer that is compared lies over all the others. */
const COMPARED_PANE = 210;
const LONGEST_PX = 100_000;

export class RasterPanes {
  private readonly map: L.Map;
  private readonly layers = new Map<string, L.TileLayer>();
  private readonly compared = new Map<string, () => void>();
  private sides: Sides = new Map();
  private share = 0.5;

  constructor(private readonly port: MapPort) {
    this.map = nativeMap(port);
    this.map.on("move zoom viewreset resize", () => this.cut());
  }

  /** Shows exactly these, the uppermost first, each with its opacity. */
  show(rasters: readonly { readonly source: RasterSource; readonly opacity: number }[]): void {
    const wanted = new Set(rasters.map(({ source }) => source.name));
    for (const [name, layer] of this.layers) if (!wanted.has(name)) layer.remove();
    rasters.forEach(({ source, opacity }, index) => {
      const layer = this.layer(source);
      this.pane(source.name).style.zIndex = String(LOWEST_PANE + rasters.length - index);
      layer.setOpacity(opacity);
      if (!this.map.hasLayer(layer)) layer.addTo(this.map);
    });
    this.cut();
  }

  /** Draws these layers of the map each by itself, so that they can be cut; replaces those of before. */
  compare(sources: readonly TileSource[]): void {
    const wanted = new Set(sources.map(({ name }) => name));
    for (const [name, remove] of this.compared) {
      if (wanted.has(name)) continue;
      remove();
      this.compared.delete(name);
    }
    for (const source of sources) {
      if (this.compared.has(source.name)) continue;
      const pane = this.map.getPane(paneOf(source.name)) ?? this.map.createPane(paneOf(source.name));
      pane.style.zIndex = String(COMPARED_PANE);
      pane.style.pointerEvents = "none";
      this.compared.set(source.name, leafletMap(this.port).drawApart(source, paneOf(source.name)));
    }
    this.cut();
  }

  /** Cuts the map at `share` of its width: what has a side is seen on that side alone. No sides: nothing is cut. */
  split(sides: Sides, share: number): void {
    this.sides = sides;
    this.share = share;
    this.cut();
  }

  private layer(source: RasterSource): L.TileLayer {
    const known = this.layers.get(source.name);
    if (known) return known;
    const [west, south, east, north] = source.bounds;
    this.map.createPane(paneOf(source.name)).style.pointerEvents = "none";
    const layer = new L.TileLayer(source.tiles, {
      pane: paneOf(source.name),
      bounds: [
        [south, west],
        [north, east],
      ],
      maxNativeZoom: source.maxzoom,
      maxZoom: this.map.getMaxZoom(),
      noWrap: true,
      updateWhenZooming: false,
      className: "hm-raster-tiles",
    });
    this.layers.set(source.name, layer);
    return layer;
  }

  private pane(name: string): HTMLElement {
    return this.map.getPane(paneOf(name))!;
  }

  private cut(): void {
    const { x: width, y: height } = this.map.getSize();
    const corner = this.map.containerPointToLayerPoint([0, 0]);
    const edge = corner.x + width * this.share;
    const [top, bottom] = [corner.y, corner.y + height];
    for (const name of [...this.layers.keys(), ...this.compared.keys()]) {
      const side = this.sides.get(name);
      const [left, right] = side === "left" ? [corner.x, edge] : [edge, corner.x + LONGEST_PX];
      const part = `rect(${top}px, ${right}px, ${bottom}px, ${left}px)`;
      this.pane(name).style.clip = side === "nowhere" ? "rect(0px, 0px, 0px, 0px)" : side ? part : "";
    }
  }
}

function paneOf(name: string): string {
  return `hm-raster-${name.replace(".", "-")}`;
}

/** A line over the map with a dot at each of its points and a mark that moves along it. */
export class MeasuredLine {
  private readonly map: L.Map;
  private readonly group = new L.FeatureGroup();
  private mark: L.CircleMarker | null = null;

  constructor(port: MapPort) {
    this.map = nativeMap(port);
    this.group.addTo(this.map);
  }

  draw(points: readonly LngLat[]): void {
    this.group.clearLayers();
    this.mark = null;
    const places = points.map(({ lat, lng }) => L.latLng(lat, lng));
    for (const [className, weight] of [
      ["hm-line-casing", 6],
      ["hm-line-ink", 3],
    ] as const)
      this.group.addLayer(new L.Polyline(places, { className, weight, interactive: false }));
    for (const place of places)
      this.group.addLayer(
        new L.CircleMarker(place, { radius: 5, className: "hm-line-dot", interactive: false }),
      );
  }

  /** Moves the mark to a place; null takes it away. */
  point(at: LngLat | null): void {
    if (this.mark) this.group.removeLayer(this.mark);
    this.mark = at && new L.CircleMarker([at.lat, at.lng], { radius: 7, className: "hm-line-mark" });
    if (this.mark) this.group.addLayer(this.mark);
  }

  remove(): void {
    this.group.remove();
  }
}
