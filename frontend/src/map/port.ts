/**
 * The map as the rest of the program sees it. Only src/map/leaflet implements it and only there Leaflet is
 * imported, so that another map library could take its place.
 */
import type { Bounds } from "./mvt/place";
import type { InViewItem, OutlinePiece, PickHit, SourcePatch, TileSource } from "./mvt/protocol";

export type { Bounds, PickHit, SourcePatch, TileSource };

export interface LngLat {
  readonly lng: number;
  readonly lat: number;
}

/** CSS pixels from the upper left corner of the map's element. */
export interface Pixel {
  readonly x: number;
  readonly y: number;
}

/** `zoom` as people and links count it (OpenStreetMap, Leaflet); styles and tiles are one lower. */
export interface MapView extends LngLat {
  readonly zoom: number;
}

/** Pixels of the map that something else covers: the panel, the legend. */
export interface Insets {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

export interface FitOptions {
  /** Never closer than this zoom. */
  readonly maxZoom?: number;
  readonly insets?: Insets;
  /** The box has a margin of its own: fill the map with it, though up to a thirtieth of it be cut. */
  readonly snug?: boolean;
}

export interface FeatureRef {
  /** Full name of the layer, "community.slug". */
  readonly layer: string;
  readonly id: number;
}

export interface FeatureInView extends FeatureRef {
  readonly at: LngLat;
}

export interface FeaturesInView {
  readonly total: number;
  /** In reading order, at most as many as asked for. */
  readonly items: readonly FeatureInView[];
}

/** What to mark: a feature found in the tiles, or a geometry that the caller has. */
export type Highlight = { readonly feature: FeatureRef; readonly geometry?: GeoJSON.Geometry | undefined };

export interface MapClick {
  readonly pixel: Pixel;
  readonly at: LngLat;
  readonly touch: boolean;
  readonly shift: boolean;
}

export interface MapEvents {
  /** The view came to rest. `byUser`: a person moved it, not the program. */
  readonly moveend: { readonly view: MapView; readonly byUser: boolean };
  readonly click: MapClick;
  /** The pointer rests or moves over the map; null when it left. Mouse and pen only. */
  readonly hover: MapClick | null;
  readonly tiles: { readonly loading: number; readonly failed: readonly string[] };
}

/** Reach of a click in pixels, around points and lines. */
export const TOLERANCE_PX = { mouse: 6, touch: 16 } as const;

export interface MapPort {
  readonly element: HTMLElement;

  view(): MapView;
  setView(view: MapView, options?: { animate?: boolean }): void;
  fit(bounds: Bounds, options?: FitOptions): void;
  zoomBy(steps: number): void;
  /** Can the map still go that way? */
  canZoom(direction: 1 | -1): boolean;
  bounds(): Bounds;
  /** Ground metres per CSS pixel in the middle of the map. */
  metresPerPixel(): number;
  /** The zoom of tiles and styles that belongs to the view now. */
  styleZoom(): number;
  /** Moves the least distance that brings a point or box out from under the insets; a box too large for that stays. */
  reveal(target: LngLat | Bounds, insets: Insets): void;
  toLngLat(pixel: Pixel): LngLat;
  toPixel(at: LngLat): Pixel;

  /** All layers in order of drawing, lowest first. */
  setLayers(layers: readonly TileSource[]): void;
  patchLayer(name: string, patch: SourcePatch): void;
  /** Tells that the layer changed: its tiles are asked for again, in place. */
  refresh(layer: string, version: string | number): void;
  /** Tells that the layer changed in these boxes: only the tiles near them are asked for again. */
  changed(layer: string, version: string | number, boxes: readonly Bounds[]): void;
  /** Keeps these features out of the tiles, because the editor draws them. */
  hide(layer: string, ids: readonly number[]): void;
  retry(): void;

  pick(pixel: Pixel, tolerancePx: number): Promise<readonly PickHit[]>;
  /** Features in the part of the map that no inset covers; base layers do not count. */
  featuresInView(limit: number, insets?: Insets): Promise<FeaturesInView>;
  highlight(target: Highlight | null): void;

  on<E extends keyof MapEvents>(event: E, listener: (detail: MapEvents[E]) => void): () => void;
  destroy(): void;
}

export type { InViewItem, OutlinePiece };
