import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";

/** Geometry types by their number in the MVT specification. */
export const POINT = 1;
export const LINE = 2;
export const POLYGON = 3;

export type Scalar = string | number | boolean;

/** One feature as it lies in one tile: possibly a clipped piece of the whole. */
export interface TileFeature {
  readonly id: number | undefined;
  readonly type: 1 | 2 | 3;
  readonly properties: Readonly<Record<string, Scalar>>;
  /** x, y, x, y … in tile units, y down. Rings are not closed twice. */
  readonly coords: Int32Array;
  /** For each ring or part: the index in `coords` where it ends. */
  readonly ends: Uint32Array;
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
}

export interface DecodedTile {
  /** Width of the tile in tile units, 4096 as a rule. */
  readonly extent: number;
  readonly features: readonly TileFeature[];
}

export const EMPTY_TILE: DecodedTile = { extent: 4096, features: [] };

/**
 * Decodes one MVT layer. `layerName` is looked for first; a tile with exactly one layer of another name
 * is taken as that layer. An empty body or a tile without layers gives EMPTY_TILE; a broken one throws.
 */
export function decodeTile(body: ArrayBuffer, layerName: string): DecodedTile {
  if (body.byteLength === 0) return EMPTY_TILE;
  const { layers } = new VectorTile(new PbfReader(new Uint8Array(body)));
  const names = Object.keys(layers);
  const layer = layers[layerName] ?? (names.length === 1 ? layers[names[0]!] : undefined);
  if (!layer) return EMPTY_TILE;
  const features: TileFeature[] = [];
  for (let index = 0; index < layer.length; index++) {
    const raw = layer.feature(index);
    if (raw.type === 0) continue;
    features.push(flatten(raw.id, raw.type, raw.properties, raw.loadGeometry()));
  }
  return { extent: layer.extent, features };
}

interface XY {
  readonly x: number;
  readonly y: number;
}

/** Packs parts into flat arrays: a tile of 10,000 parcels is then a few buffers, not 200,000 objects. */
export function flatten(
  id: number | undefined,
  type: 1 | 2 | 3,
  properties: Record<string, Scalar>,
  parts: readonly (readonly XY[])[],
): TileFeature {
  let count = 0;
  for (const part of parts) count += part.length;
  const coords = new Int32Array(count * 2);
  const ends = new Uint32Array(parts.length);
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  let at = 0;
  parts.forEach((part, index) => {
    for (const { x, y } of part) {
      coords[at++] = x;
      coords[at++] = y;
      if (x < minX) minX = x;
      if (x > maxX) maxX = x;
      if (y < minY) minY = y;
      if (y > maxY) maxY = y;
    }
    ends[index] = at;
  });
  return { id, type, properties, coords, ends, minX, minY, maxX, maxY };
}
