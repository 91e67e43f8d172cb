/** Where the tiles of a source lie on the screen tile that is being drawn. */

export interface TileCoord {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

/** Side of a tile in CSS pixels. With 512, tile zoom = Leaflet zoom - 1, which is also MapLibre's zoom. */
export const TILE_PX = 512;

/** pixel = tileUnit * scale + d */
export interface Placement {
  readonly scale: number;
  readonly dx: number;
  readonly dy: number;
}

export function tileKey({ z, x, y }: TileCoord): string {
  return `${z}/${x}/${y}`;
}

/** The tile of the source that covers `tile`: itself, or its ancestor at `maxzoom`. */
export function sourceTile(tile: TileCoord, maxzoom: number): TileCoord {
  const shift = Math.max(0, tile.z - maxzoom);
  const factor = 2 ** shift;
  return { z: tile.z - shift, x: Math.floor(tile.x / factor), y: Math.floor(tile.y / factor) };
}

/** Places `source` (tile units, `extent` wide) on the screen tile `tile` that is `size` pixels wide. */
export function placeTile(source: TileCoord, extent: number, tile: TileCoord, size: number): Placement {
  const factor = 2 ** (tile.z - source.z);
  return {
    scale: (size * factor) / extent,
    dx: (source.x * factor - tile.x) * size,
    dy: (source.y * factor - tile.y) * size,
  };
}

export type Bounds = readonly [west: number, south: number, east: number, north: number];

/** The box of a tile in degrees, [west, south, east, north]. */
export function tileBounds({ z, x, y }: TileCoord): Bounds {
  const side = 2 ** z;
  const lng = (column: number) => (column / side) * 360 - 180;
  const lat = (row: number) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / side))) * 180) / Math.PI;
  return [lng(x), lat(y + 1), lng(x + 1), lat(y)];
}

/** Position in units of the whole world's width: 0..1 from west to east and from north to south. */
export function toWorld(lng: number, lat: number): { x: number; y: number } {
  const sin = Math.sin((Math.max(-85.0511287798, Math.min(85.0511287798, lat)) * Math.PI) / 180);
  return { x: lng / 360 + 0.5, y: 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) };
}

export function boxesMeet(a: Bounds, b: Bounds): boolean {
  return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

/** The box around a box and others. */
export function enclosing(box: Bounds, others: readonly Bounds[]): Bounds {
  return others.reduce(
    (whole, [west, south, east, north]) => [
      Math.min(whole[0], west),
      Math.min(whole[1], south),
      Math.max(whole[2], east),
      Math.max(whole[3], north),
    ],
    box,
  );
}
