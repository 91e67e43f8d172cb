/**
 * Shapes drawn over a small map by their meaning: points of a file, differences of an import. The map itself is a
 * MapPort; only src/map/leaflet implements this, and only pages that need it load it.
 */
import type { Bounds, LngLat, MapPort, TileSource } from "./port";

/** What a shape means; each has a colour and a second sign (form, dashes, hatching). */
export const MARKS = [
  "circle",
  "square",
  "triangle",
  "added",
  "changed",
  "before",
  "removed",
  "issue",
  "outline",
] as const;
export type Mark = (typeof MARKS)[number];

export interface Shape {
  readonly geometry: GeoJSON.Geometry;
  readonly mark: Mark;
  /** Pale: what was refused. */
  readonly faint?: boolean;
}

export interface Sketch {
  readonly map: MapPort;
  /** A line around the community, below all shapes. */
  boundary(geometry: GeoJSON.Geometry): void;
  /** Replaces all shapes. */
  draw(shapes: readonly Shape[]): void;
  fit(bounds: Bounds): void;
  /** Moves there and marks the place. */
  point(at: LngLat): void;
  destroy(): void;
}

export interface SketchOptions {
  readonly bounds: Bounds;
  readonly layers: readonly TileSource[];
  readonly still: boolean;
}

/** West, south, east, north of all that the geometries reach; null of none. */
export function extentOf(geometries: readonly GeoJSON.Geometry[]): Bounds | null {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  const take = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    const [x, y] = part as unknown[];
    if (typeof x !== "number" || typeof y !== "number") {
      part.forEach(take);
      return;
    }
    [west, south, east, north] = [
      Math.min(west, x),
      Math.min(south, y),
      Math.max(east, x),
      Math.max(north, y),
    ];
  };
  const each = (geometry: GeoJSON.Geometry): void =>
    geometry.type === "GeometryCollection" ? geometry.geometries.forEach(each) : take(geometry.coordinates);
  geometries.forEach(each);
  return west <= east ? [west, south, east, north] : null;
}

const MOST_STRAYS = 0.02;
const FEWEST_TO_JUDGE = 5;
const USELESS_ABOVE = 4;

/**
 * The box of most of the geometries, where the box of all shows nothing well: the few that lie farthest from the
 * middle (2 %, at least one) make it more than four times as long. Null where all are seen well together.
 */
export function mainExtentOf(geometries: readonly GeoJSON.Geometry[]): Bounds | null {
  const boxes = geometries.map((geometry) => extentOf([geometry])).filter((box) => box !== null);
  if (boxes.length < FEWEST_TO_JUDGE) return null;
  const middles = boxes.map(
    ([west, south, east, north]) => [(west + east) / 2, (south + north) / 2] as const,
  );
  const [x, y] = [median(middles.map((at) => at[0])), median(middles.map((at) => at[1]))];
  const away = middles.map((at) => Math.max(Math.abs(at[0] - x), Math.abs(at[1] - y)));
  const strays = Math.max(1, Math.floor(boxes.length * MOST_STRAYS));
  const farthest = [...away].sort((a, b) => b - a)[strays]!;
  const main = boxes.filter((_box, index) => away[index]! <= farthest).reduce(union);
  return length(boxes.reduce(union)) > USELESS_ABOVE * length(main) ? main : null;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** The longer side, in degrees. */
function length([west, south, east, north]: Bounds): number {
  return Math.max(east - west, north - south);
}

/** The smallest box around both. */
export function union([a, b, c, d]: Bounds, [west, south, east, north]: Bounds): Bounds {
  return [Math.min(a, west), Math.min(b, south), Math.max(c, east), Math.max(d, north)];
}

/** West, south, east, north of places; null of none. A place far from all others is left out of sight. */
export function boundsOf(places: readonly (readonly [number, number])[]): Bounds | null {
  if (places.length === 0) return null;
  const side = (values: number[]): [number, number] => {
    const sorted = values.sort((a, b) => a - b);
    const cut = sorted.length >= 20 ? Math.floor(sorted.length * 0.05) : 0;
    return [sorted[cut]!, sorted[sorted.length - 1 - cut]!];
  };
  const [west, east] = side(places.map(([x]) => x));
  const [south, north] = side(places.map(([, y]) => y));
  const pad = Math.max(east - west, north - south, 0.002) * 0.08;
  return [west - pad, south - pad, east + pad, north + pad];
}
