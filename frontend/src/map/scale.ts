/** Zooms and scales in the words people use. */

import { TILE_PX } from "./mvt/place";
import type { CompiledLayer } from "./mvt/style";

const EQUATOR_M = 2 * Math.PI * 6378137;
/** OGC's "standardised rendering pixel". */
const PIXEL_M = 0.00028;

/** Style zooms, first to last, at which something of a layer is drawn; null when never. */
export interface ZoomSpan {
  readonly first: number;
  readonly last: number;
}

type Ranged = Pick<CompiledLayer, "minzoom" | "maxzoom">;
interface Scaled {
  readonly minzoom: number;
  readonly style: readonly { readonly type: string; readonly minzoom?: number; readonly maxzoom?: number }[];
}

/** Map zooms are whole numbers, so the span is too: a layer from 13.4 on is seen from 14. Labels do not count. */
export function zoomSpan(layer: Scaled): ZoomSpan | null {
  const drawn = layer.style.filter(({ type }) => type !== "symbol");
  const ranges: Ranged[] = (drawn.length > 0 ? drawn : layer.style).map(
    ({ minzoom = 0, maxzoom = Infinity }) => ({
      minzoom,
      maxzoom,
    }),
  );
  if (ranges.length === 0) return null;
  const first = Math.ceil(Math.max(layer.minzoom, Math.min(...ranges.map(({ minzoom }) => minzoom))));
  const last = Math.ceil(Math.max(...ranges.map(({ maxzoom }) => maxzoom))) - 1;
  return first <= last ? { first, last } : null;
}

/** The denominator of the scale at a style zoom and latitude, rounded to two digits as people say it. */
export function scaleDenominator(styleZoom: number, latitude: number): number {
  const metresPerPixel = (EQUATOR_M * Math.cos((latitude * Math.PI) / 180)) / (TILE_PX * 2 ** styleZoom);
  return roundTo(metresPerPixel / PIXEL_M, 2);
}

function roundTo(value: number, digits: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) + 1 - digits);
  return Math.round(value / step) * step;
}

/** The longest round distance (1, 2 or 5 times a power of ten) that fits in `maxPx`. */
export function scaleBar(metresPerPixel: number, maxPx: number): { metres: number; px: number } {
  const most = metresPerPixel * maxPx;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = power * ([5, 2, 1].find((factor) => factor * power <= most) ?? 1);
  return { metres, px: metres / metresPerPixel };
}
