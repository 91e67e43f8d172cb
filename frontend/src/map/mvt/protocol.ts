/** What the page and the tile engine say to each other; plain data, so that it passes between threads. */
import type { LabelCandidate } from "./candidates";
import type { Bounds, TileCoord } from "./place";
import type { StyleLayer } from "./style";
import type { LayerChange } from "./versions";

export type GeometryKind = "Point" | "LineString" | "Polygon" | "Geometry";

/** One map layer as the engine needs it. Order in the list = order of drawing, lowest first. */
export interface TileSource {
  /** Full name, "community.slug"; also the name of the layer inside the tiles. */
  readonly name: string;
  /** Address with {z}, {x}, {y}. */
  readonly tiles: string;
  readonly version: string | number;
  /** Zooms at which tiles exist; above `maxzoom` the last ones are enlarged. */
  readonly minzoom: number;
  readonly maxzoom: number;
  /** No tile outside this box is asked for; null = everywhere. */
  readonly bounds: Bounds | null;
  /** Drawn muted and below the rest, and last in answers to a click. */
  readonly base: boolean;
  readonly style: readonly StyleLayer[];
  readonly visible: boolean;
  /** 0..1, for the layer as a whole. */
  readonly opacity: number;
}

export interface SourcePatch {
  readonly visible?: boolean;
  readonly opacity?: number;
  readonly hidden?: readonly number[];
  /** A new version makes the engine ask for the tiles again; the old ones stay on the screen until then. */
  readonly version?: string | number;
  readonly bounds?: Bounds | null;
  /** A new version of which only the tiles near these boxes differ from those before it. */
  readonly changed?: LayerChange;
}

/** World pixels: CSS pixels at the zoom of the tiles on the screen, 512 a tile, from the north-west corner. */
export type WorldBox = readonly [left: number, top: number, right: number, bottom: number];

export interface PickQuestion {
  readonly ask: "pick";
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
  readonly tolerance: number;
}
export interface OutlineQuestion {
  readonly ask: "outline";
  readonly zoom: number;
  readonly layer: string;
  readonly id: number;
}
export interface InViewQuestion {
  readonly ask: "inView";
  readonly zoom: number;
  readonly box: WorldBox;
  readonly limit: number;
}
export type Question = PickQuestion | OutlineQuestion | InViewQuestion;

export interface PickHit {
  readonly layer: string;
  readonly id: number;
  /** Pixels from the point; 0 = on it. */
  readonly distance: number;
  readonly geometry: "Point" | "LineString" | "Polygon";
  /** Only what the tile carries: style and label fields. */
  readonly properties: Readonly<Record<string, string | number | boolean>>;
}

/** A feature's piece in one tile, in world pixels; what lies outside `clip` is the tile's margin. */
export interface OutlinePiece {
  readonly geometry: "Point" | "LineString" | "Polygon";
  readonly parts: readonly Float64Array[];
  readonly clip: WorldBox | null;
}

export interface InViewItem {
  readonly layer: string;
  readonly id: number;
  /** World pixels: a point on the feature, inside the asked box. */
  readonly x: number;
  readonly y: number;
}

/** `total` counts all features seen; `items` are in reading order and at most `limit`. Base layers do not count. */
export interface InView {
  readonly total: number;
  readonly items: readonly InViewItem[];
}

export interface Answers {
  pick: readonly PickHit[];
  outline: readonly OutlinePiece[];
  inView: InView;
}

export type ToEngine =
  | { readonly type: "sources"; readonly sources: readonly TileSource[] }
  | { readonly type: "patch"; readonly name: string; readonly patch: SourcePatch }
  | { readonly type: "tile"; readonly coord: TileCoord; readonly ratio: number }
  | { readonly type: "drop"; readonly coord: TileCoord }
  | { readonly type: "retry" }
  | { readonly type: "question"; readonly id: number; readonly question: Question };

/** What became of a tile, sent at each painting: again when more layers of it arrive. */
export interface TileReport {
  readonly coord: TileCoord;
  /** Names of layers still on their way, and of those given up on. */
  readonly pending: readonly string[];
  readonly failed: readonly string[];
  readonly labels: readonly LabelCandidate[];
}

export type FromEngine =
  | { readonly type: "painted"; readonly report: TileReport; readonly image: ImageBitmap | HTMLCanvasElement }
  | { readonly type: "answer"; readonly id: number; readonly answer: Answers[keyof Answers] };
