/** Which rasters are shown, in which order and how opaque: plain values, the uppermost first. */
import type { RasterConfig } from "../api/config";

export interface Listed {
  readonly raster: RasterConfig;
  readonly visible: boolean;
  readonly opacity: number;
}

/** The list as the page comes, with what an address names: those first, in its order. */
export function listed(rasters: readonly RasterConfig[], shown: ReadonlyMap<string, number>): Listed[] {
  const names = [...shown.keys()];
  const place = ({ name }: RasterConfig) => (names.includes(name) ? names.indexOf(name) : names.length);
  return [...rasters]
    .map((raster, index) => ({ raster, index }))
    .sort((a, b) => place(a.raster) - place(b.raster) || a.index - b.index)
    .map(({ raster }) => ({
      raster,
      visible: shown.has(raster.name),
      opacity: shown.get(raster.name) ?? raster.opacity,
    }));
}

export function changed(list: readonly Listed[], name: string, change: Partial<Listed>): Listed[] {
  return list.map((item) => (item.raster.name === name ? { ...item, ...change } : item));
}

/** One place up (-1) or down (1); the same list at its ends. */
export function moved(list: readonly Listed[], name: string, by: -1 | 1): Listed[] {
  const from = list.findIndex(({ raster }) => raster.name === name);
  const to = from + by;
  const next = [...list];
  if (from < 0 || to < 0 || to >= next.length) return next;
  [next[from], next[to]] = [next[to]!, next[from]!];
  return next;
}

/** What the address says: names and opacities of those that are shown. */
export function shownOf(list: readonly Listed[]): ReadonlyMap<string, number> {
  return new Map(list.filter(({ visible }) => visible).map(({ raster, opacity }) => [raster.name, opacity]));
}

export function sameShown(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  const [one, other] = [[...a], [...b]];
  return (
    one.length === other.length &&
    one.every(([name, opacity], n) => other[n]![0] === name && other[n]![1] === opacity)
  );
}
