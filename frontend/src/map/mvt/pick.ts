/** Which features lie under a point: what a click on the map asks. All lengths in device-independent pixels. */
import { type DecodedTile, LINE, POINT, POLYGON, type TileFeature } from "./decode";
import type { Placement } from "./place";
import type { CompiledLayer } from "./style";

export interface PickTarget {
  readonly layers: readonly CompiledLayer[];
  readonly tile: DecodedTile;
  /** Tile units to CSS pixels of the screen tile. */
  readonly place: Placement;
  readonly hidden: ReadonlySet<number>;
}

export interface Picked {
  readonly id: number;
  readonly type: 1 | 2 | 3;
  /** 0 inside a polygon or on the drawn symbol; otherwise pixels away from it. */
  readonly distance: number;
  readonly properties: TileFeature["properties"];
}

/**
 * Features within `tolerance` pixels of (x, y): points first, then lines, then polygons; of one kind those
 * drawn later, hence on top, first. A polygon that is filled is hit anywhere inside, one that is only
 * outlined near its outline. Features without an id cannot be asked about and are passed over.
 */
export function pick(target: PickTarget, zoom: number, x: number, y: number, tolerance: number): Picked[] {
  const found = new Map<number, Picked>();
  const filled = fillOf(target, zoom);
  for (const layer of target.layers) {
    if (layer.kind === "background" || zoom < layer.minzoom || zoom >= layer.maxzoom) continue;
    const reach = reachOf(layer, zoom);
    const accepts = layer.accepts(zoom);
    for (const feature of target.tile.features) {
      if (feature.id === undefined || target.hidden.has(feature.id)) continue;
      const limit = tolerance + reach(feature);
      if (!near(feature, target.place, x, y, limit) || !accepts(feature)) continue;
      // Along a shared border the outlines of both parcels are near, but only one holds the point.
      if (layer.kind === "line" && feature.type === POLYGON && filled(feature)) continue;
      const distance = distanceTo(layer, feature, target.place, x, y);
      if (distance > limit) continue;
      found.delete(feature.id);
      const { id, type, properties } = feature;
      found.set(id, { id, type, properties, distance: Math.max(0, distance - reach(feature)) });
    }
  }
  return [...found.values()].reverse().sort((a, b) => a.type - b.type);
}

/** Is the inside of this polygon drawn, so that it can be hit anywhere? */
function fillOf({ layers }: PickTarget, zoom: number): (feature: TileFeature) => boolean {
  const fills = layers
    .filter(({ kind, minzoom, maxzoom }) => kind === "fill" && zoom >= minzoom && zoom < maxzoom)
    .map((layer) => layer.accepts(zoom));
  return (feature) => fills.some((accepts) => accepts(feature));
}

/** How far a drawn symbol extends beyond its geometry. */
function reachOf(layer: CompiledLayer, zoom: number): (feature: TileFeature) => number {
  if (layer.kind === "circle") {
    const radius = layer.number("circle-radius").bind(zoom);
    const border = layer.number("circle-stroke-width").bind(zoom);
    return (feature) => radius(feature) + border(feature);
  }
  if (layer.kind === "line") {
    const width = layer.number("line-width").bind(zoom);
    return (feature) => width(feature) / 2;
  }
  return () => 0;
}

function near(feature: TileFeature, place: Placement, x: number, y: number, limit: number): boolean {
  const { scale, dx, dy } = place;
  return (
    feature.minX * scale + dx - limit <= x &&
    feature.maxX * scale + dx + limit >= x &&
    feature.minY * scale + dy - limit <= y &&
    feature.maxY * scale + dy + limit >= y
  );
}

function distanceTo(
  layer: CompiledLayer,
  feature: TileFeature,
  place: Placement,
  x: number,
  y: number,
): number {
  const unitX = (x - place.dx) / place.scale;
  const unitY = (y - place.dy) / place.scale;
  if (layer.kind === "circle" || feature.type === POINT) {
    return feature.type === POINT ? toPoints(feature.coords, unitX, unitY) * place.scale : Infinity;
  }
  if (layer.kind === "fill") {
    return feature.type === POLYGON && contains(feature, unitX, unitY) ? 0 : Infinity;
  }
  if (layer.kind === "symbol" && feature.type === POLYGON) return Infinity;
  return toLines(feature, unitX, unitY, feature.type !== LINE) * place.scale;
}

/** Even-odd rule, as the fill is drawn: a hole is not inside. */
export function contains(feature: TileFeature, x: number, y: number): boolean {
  const { coords, ends } = feature;
  let inside = false;
  let start = 0;
  for (const end of ends) {
    for (let i = start, j = end - 2; i < end; j = i, i += 2) {
      const [xi, yi, xj, yj] = [coords[i]!, coords[i + 1]!, coords[j]!, coords[j + 1]!];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    start = end;
  }
  return inside;
}

function toPoints(coords: Int32Array, x: number, y: number): number {
  let best = Infinity;
  for (let i = 0; i < coords.length; i += 2) {
    best = Math.min(best, Math.hypot(coords[i]! - x, coords[i + 1]! - y));
  }
  return best;
}

function toLines(feature: TileFeature, x: number, y: number, closed: boolean): number {
  const { coords, ends } = feature;
  let best = Infinity;
  let start = 0;
  for (const end of ends) {
    for (let i = start + 2; i < end; i += 2) best = Math.min(best, toSegment(coords, i - 2, i, x, y));
    if (closed) best = Math.min(best, toSegment(coords, end - 2, start, x, y));
    start = end;
  }
  return best;
}

function toSegment(coords: Int32Array, a: number, b: number, x: number, y: number): number {
  const [ax, ay] = [coords[a]!, coords[a + 1]!];
  const [bx, by] = [coords[b]! - ax, coords[b + 1]! - ay];
  const length = bx * bx + by * by;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * bx + (y - ay) * by) / length));
  return Math.hypot(x - ax - t * bx, y - ay - t * by);
}
