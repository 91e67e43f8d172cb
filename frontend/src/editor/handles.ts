/** What keys do to the vertex that has the focus: geometry in, geometry out. */
import type { MapPort } from "../map/port";
import { moveVertex, removeVertex, vertexAt } from "./geometry";

/** Moved by whole pixels of the screen, with the place where the vertex is then. */
export function nudged(
  geometry: GeoJSON.Geometry,
  at: GeoJSON.Position,
  by: readonly [dx: number, dy: number],
  map: Pick<MapPort, "toPixel" | "toLngLat">,
): { geometry: GeoJSON.Geometry; at: GeoJSON.Position } | null {
  const path = vertexAt(geometry, at);
  if (!path) return null;
  // The map counts whole pixels: only the difference of two of them is exact.
  const pixel = map.toPixel({ lng: at[0]!, lat: at[1]! });
  const [from, to] = [map.toLngLat(pixel), map.toLngLat({ x: pixel.x + by[0], y: pixel.y + by[1] })];
  const moved = [at[0]! + to.lng - from.lng, at[1]! + to.lat - from.lat];
  return { geometry: moveVertex(geometry, path, moved), at: moved };
}

/** Without the vertex; "all" when it is the whole feature, "fewest" when there cannot be fewer, null when it is none. */
export function withoutVertex(
  geometry: GeoJSON.Geometry,
  at: GeoJSON.Position,
): GeoJSON.Geometry | "all" | "fewest" | null {
  const path = vertexAt(geometry, at);
  if (!path) return null;
  return path.length === 0 ? "all" : (removeVertex(geometry, path) ?? "fewest");
}
