/** Values of rasters from the server, and how they are written. */
import type { RasterConfig } from "../api/config";
import { requestJson } from "../api/http";
import type { I18n } from "../i18n";
import type { LngLat } from "../map/port";

export interface Profile {
  readonly lon: readonly number[];
  readonly lat: readonly number[];
  readonly distance_m: readonly number[];
  readonly values: readonly (number | null)[];
  readonly length_m: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly ascent: number | null;
  readonly descent: number | null;
}

interface PointAnswer {
  readonly bands: readonly { readonly band: number; readonly value: number | null }[];
}

const SAMPLES = 240;

/** What files call a metre. */
const METRES = new Set(["m", "metre", "metres", "meter", "meters"]);

/** A ten-thousandth of a second of arc is finer than any pixel. */
const degrees = (value: number) => value.toFixed(7);

/** The raster's value at a place; null where it has none. */
export async function valueAt(
  raster: RasterConfig,
  at: LngLat,
  signal?: AbortSignal,
): Promise<number | null> {
  const address = `/api/rasters/${raster.name}/point?lon=${degrees(at.lng)}&lat=${degrees(at.lat)}`;
  const { bands } = await requestJson<PointAnswer>(address, signal ? { signal } : {});
  return bands.find(({ band }) => band === raster.values?.band)?.value ?? null;
}

export function profileAlong(raster: RasterConfig, line: readonly LngLat[]): Promise<Profile> {
  const points = line.map(({ lng, lat }) => `${degrees(lng)},${degrees(lat)}`).join(";");
  const band = raster.values?.band ?? 1;
  return requestJson<Profile>(
    `/api/rasters/${raster.name}/profile?line=${points}&samples=${SAMPLES}&band=${band}`,
  );
}

/** A value with its unit; as many decimals as its size is worth. */
export function written(value: number, raster: RasterConfig, i18n: I18n): string {
  const size = Math.abs(value);
  const digits = size >= 1000 ? 0 : size >= 1 ? 1 : 3;
  const number = i18n.number(value, { maximumFractionDigits: digits });
  const given = raster.values?.unit ?? "";
  const unit = METRES.has(given.toLowerCase()) ? i18n.unit("meter") : given;
  return unit ? `${number}\u00a0${unit}` : number;
}

export interface BadRow {
  readonly row: number;
}

/** Points typed as "latitude, longitude" in rows; the number of the first row that is none. */
export function parsePoints(text: string): readonly LngLat[] | BadRow {
  const points: LngLat[] = [];
  for (const [index, row] of text.split("\n").entries()) {
    if (!row.trim()) continue;
    const numbers = row
      .trim()
      .split(/[,;\s]+/)
      .map((part) => (part ? Number(part) : Number.NaN));
    const [lat, lng] = numbers;
    const sound = numbers.length === 2 && Math.abs(lat!) <= 90 && Math.abs(lng!) <= 180;
    if (!sound) return { row: index + 1 };
    points.push({ lat: lat!, lng: lng! });
  }
  return points;
}

export function formatPoint({ lat, lng }: LngLat): string {
  return `${lat.toFixed(6)}, ${lng.toFixed(6)}`;
}
