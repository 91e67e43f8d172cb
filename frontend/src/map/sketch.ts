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
