/** Writes Mapbox Vector Tiles, for the development town and for tests. Version 2.1 of the specification. */
import { PbfWriter } from "pbf";

type Scalar = string | number | boolean;

export interface TileInput {
  readonly id?: number;
  readonly type: 1 | 2 | 3;
  readonly properties: Readonly<Record<string, Scalar>>;
  /** x, y, x, y … per part, in tile units. Rings without the closing vertex. */
  readonly parts: readonly ArrayLike<number>[];
}

export function encodeTile(
  name: string,
  features: readonly TileInput[],
  extent = 4096,
): Uint8Array<ArrayBuffer> {
  const pbf = new PbfWriter();
  pbf.writeMessage(
    3,
    (layer: { features: readonly TileInput[] }, out: PbfWriter) =>
      writeLayer(name, layer.features, extent, out),
    { features },
  );
  return new Uint8Array(pbf.finish());
}

function writeLayer(name: string, features: readonly TileInput[], extent: number, pbf: PbfWriter): void {
  const keys = new Map<string, number>();
  const values = new Map<Scalar, number>();
  const number = <K>(known: Map<K, number>, key: K): number => {
    if (!known.has(key)) known.set(key, known.size);
    return known.get(key)!;
  };
  pbf.writeVarintField(15, 2);
  pbf.writeStringField(1, name);
  for (const feature of features) {
    const tags = Object.entries(feature.properties).flatMap(([key, value]) => [
      number(keys, key),
      number(values, value),
    ]);
    pbf.writeMessage(2, writeFeature, { feature, tags });
  }
  for (const key of keys.keys()) pbf.writeStringField(3, key);
  for (const value of values.keys()) pbf.writeMessage(4, writeValue, value);
  pbf.writeVarintField(5, extent);
}

function writeFeature({ feature, tags }: { feature: TileInput; tags: number[] }, pbf: PbfWriter): void {
  if (feature.id !== undefined) pbf.writeVarintField(1, feature.id);
  pbf.writePackedVarint(2, tags);
  pbf.writeVarintField(3, feature.type);
  pbf.writePackedVarint(4, commands(feature));
}

function commands({ type, parts }: TileInput): number[] {
  const out: number[] = [];
  let [x, y] = [0, 0];
  const point = (part: ArrayLike<number>, i: number) => {
    const [px, py] = [part[i]!, part[i + 1]!];
    out.push(zigzag(px - x), zigzag(py - y));
    [x, y] = [px, py];
  };
  if (type === 1) {
    const all = parts.flatMap((part) => Array.from(part));
    out.push(1 | ((all.length / 2) << 3));
    for (let i = 0; i < all.length; i += 2) point(all, i);
    return out;
  }
  for (const part of parts) {
    out.push(1 | (1 << 3));
    point(part, 0);
    out.push(2 | ((part.length / 2 - 1) << 3));
    for (let i = 2; i < part.length; i += 2) point(part, i);
    if (type === 3) out.push(7 | (1 << 3));
  }
  return out;
}

function zigzag(value: number): number {
  return (value << 1) ^ (value >> 31);
}

function writeValue(value: Scalar, pbf: PbfWriter): void {
  if (typeof value === "string") pbf.writeStringField(1, value);
  else if (typeof value === "boolean") pbf.writeBooleanField(7, value);
  else if (Number.isInteger(value)) pbf.writeSVarintField(6, value);
  else pbf.writeDoubleField(3, value);
}
