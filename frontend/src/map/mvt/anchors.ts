/** Where on a feature its label belongs. Coordinates in tile units. */
import type { TileFeature } from "./decode";
import { contains } from "./pick";

export interface Anchor {
  readonly x: number;
  readonly y: number;
}

/** A straight stretch on which a street's name can be written. */
export interface Stretch extends Anchor {
  /** Radians, in (-90°, 90°], so that the text never stands on its head. */
  readonly angle: number;
  readonly length: number;
}

/** Twice the signed area of a ring and its centroid; the ring is coords[start..end). */
function ringCentre(coords: Int32Array, start: number, end: number): Anchor & { area: number } {
  // Relative to the first vertex: absolute products of tile units would lose the small rings.
  const [ox, oy] = [coords[start]!, coords[start + 1]!];
  let [area, x, y] = [0, 0, 0];
  for (let i = start, j = end - 2; i < end; j = i, i += 2) {
    const [xi, yi] = [coords[i]! - ox, coords[i + 1]! - oy];
    const [xj, yj] = [coords[j]! - ox, coords[j + 1]! - oy];
    const cross = xj * yi - xi * yj;
    area += cross;
    x += (xi + xj) * cross;
    y += (yi + yj) * cross;
  }
  if (area === 0) return { x: ox, y: oy, area: 0 };
  return { x: ox + x / (3 * area), y: oy + y / (3 * area), area: Math.abs(area) / 2 };
}

/**
 * A point inside the polygon, as far from its sides as a cheap look finds: the centroid of its largest ring
 * or, where that falls outside (an L-shaped plot, a ring road), the middle of the widest span at its height.
 * `area` is that ring's, in square tile units. A polygon without area has no anchor.
 */
export function polygonAnchor(feature: TileFeature): (Anchor & { area: number }) | null {
  let best = { x: 0, y: 0, area: 0 };
  let start = 0;
  for (const end of feature.ends) {
    const centre = ringCentre(feature.coords, start, end);
    if (centre.area > best.area) best = centre;
    start = end;
  }
  if (best.area === 0) return null;
  if (contains(feature, best.x, best.y)) return best;
  const x = widestSpan(feature, best.y + 0.01);
  return x === null ? null : { ...best, x };
}

function widestSpan(feature: TileFeature, y: number): number | null {
  const { coords, ends } = feature;
  const crossings: number[] = [];
  let start = 0;
  for (const end of ends) {
    for (let i = start, j = end - 2; i < end; j = i, i += 2) {
      const [yi, yj] = [coords[i + 1]!, coords[j + 1]!];
      if (yi > y === yj > y) continue;
      crossings.push(coords[i]! + ((y - yi) / (yj - yi)) * (coords[j]! - coords[i]!));
    }
    start = end;
  }
  crossings.sort((a, b) => a - b);
  let [middle, width]: [number | null, number] = [null, 0];
  for (let i = 0; i + 1 < crossings.length; i += 2) {
    const span = crossings[i + 1]! - crossings[i]!;
    if (span > width) [middle, width] = [(crossings[i]! + crossings[i + 1]!) / 2, span];
  }
  return middle;
}

/** How much a line may turn at one vertex, and in all, and still carry straight text. */
const MAX_BEND = (12 * Math.PI) / 180;

/** The longest nearly straight stretch of a line inside the box 0..extent, or null. */
export function longestStretch(feature: TileFeature, extent: number): Stretch | null {
  const { coords, ends } = feature;
  let best: Stretch | null = null;
  let start = 0;
  for (const end of ends) {
    let from = start;
    for (let i = start + 2; i < end; i += 2) {
      const turns = i + 2 < end && bend(coords, from, i) > MAX_BEND;
      if (!turns && i + 2 < end) continue;
      const stretch = stretchOf(coords, from, i, extent);
      if (stretch && (!best || stretch.length > best.length)) best = stretch;
      from = i;
    }
    start = end;
  }
  return best;
}

/** The angle between the next segment after `i` and the direction from `from` to `i`. */
function bend(coords: Int32Array, from: number, i: number): number {
  const so = Math.atan2(coords[i + 1]! - coords[from + 1]!, coords[i]! - coords[from]!);
  const next = Math.atan2(coords[i + 3]! - coords[i + 1]!, coords[i + 2]! - coords[i]!);
  const turn = Math.abs(next - so);
  return turn > Math.PI ? 2 * Math.PI - turn : turn;
}

function stretchOf(coords: Int32Array, from: number, to: number, extent: number): Stretch | null {
  const clipped = clip(coords[from]!, coords[from + 1]!, coords[to]!, coords[to + 1]!, extent);
  if (!clipped) return null;
  const [x1, y1, x2, y2] = clipped;
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length === 0) return null;
  let angle = Math.atan2(y2 - y1, x2 - x1);
  if (angle > Math.PI / 2) angle -= Math.PI;
  else if (angle <= -Math.PI / 2) angle += Math.PI;
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, angle, length };
}

type Segment = readonly [x1: number, y1: number, x2: number, y2: number];

/** Liang–Barsky: the part of a segment inside 0..side, or null. */
function clip(x1: number, y1: number, x2: number, y2: number, side: number): Segment | null {
  const [dx, dy] = [x2 - x1, y2 - y1];
  let [t0, t1] = [0, 1];
  for (const [p, q] of [
    [-dx, x1],
    [dx, side - x1],
    [-dy, y1],
    [dy, side - y1],
  ] as const) {
    if (p === 0 && q < 0) return null;
    if (p < 0) t0 = Math.max(t0, q / p);
    else if (p > 0) t1 = Math.min(t1, q / p);
  }
  return t0 < t1 ? [x1 + t0 * dx, y1 + t0 * dy, x1 + t1 * dx, y1 + t1 * dy] : null;
}
