/** The list of files that are to be sent: pure functions. */

export interface Chosen {
  readonly name: string;
  readonly size: number;
  readonly lastModified: number;
}

export type Refusal = "tooLarge" | "empty";

/** As `importers.rasters.formats.is_raster_name`, for what may be larger than other files. */
export function isRaster(name: string): boolean {
  return /\.(tiff?|gtiff|jpe?g|png|jp2|j2k|jpx)$/i.test(name);
}

const MB = 1024 * 1024;

/** Those chosen before and those chosen now; one that is chosen again replaces itself. */
export function joined<F extends Chosen>(before: readonly F[], now: readonly F[]): readonly F[] {
  const names = new Set(now.map((file) => file.name));
  return [...before.filter((file) => !names.has(file.name)), ...now];
}

export function refusal(file: Chosen, maxMb: number): Refusal | null {
  if (file.size === 0) return "empty";
  return file.size > maxMb * MB ? "tooLarge" : null;
}

/** In megabytes, with as many digits as tell something. */
export function megabytes(bytes: number): number {
  const value = bytes / MB;
  return value >= 10 ? Math.round(value) : Math.max(0.1, Math.round(value * 10) / 10);
}

export function percent(sent: number, whole: number): number {
  return whole === 0 ? 100 : Math.floor((100 * sent) / whole);
}
