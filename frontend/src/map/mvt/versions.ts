/**
 * Which version of a layer a tile shows: the last one in which something changed near it. It is part of the tile's
 * address, so a change elsewhere leaves the tile as it is, on the screen and in every cache.
 */
import { type Bounds, boxesMeet, type TileCoord, tileBounds } from "./place";

export type Version = string | number;

/** A change of a layer that made this version of it, somewhere in these boxes. */
export interface LayerChange {
  readonly version: Version;
  readonly boxes: readonly Bounds[];
}

/** Of a tile's side: as far as a symbol, or what stands for several features, is drawn from a feature's box. */
const REACH = 1 / 8;
/** More changes than this are told apart no longer. */
const MOST_KEPT = 50;

/** The versions of one layer's tiles, from the one that the page was made with. */
export class TileVersions {
  private changes: LayerChange[] = [];

  constructor(private base: Version) {}

  /** All tiles have this version now. */
  restart(version: Version): void {
    this.base = version;
    this.changes = [];
  }

  add(change: LayerChange): void {
    if (this.changes.length >= MOST_KEPT) this.restart(change.version);
    else this.changes.push(change);
  }

  at(tile: TileCoord): Version {
    if (this.changes.length === 0) return this.base;
    const around = grown(tileBounds(tile));
    const last = this.changes.findLast(({ boxes }) => boxes.some((box) => boxesMeet(box, around)));
    return last?.version ?? this.base;
  }
}

function grown([west, south, east, north]: Bounds): Bounds {
  const [dx, dy] = [(east - west) * REACH, (north - south) * REACH];
  return [west - dx, south - dy, east + dx, north + dy];
}
