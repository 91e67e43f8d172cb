/**
 * What the editor asks of the map, apart from drawing itself. It is everything the editor may touch: tiles step
 * aside for the features being edited, come back renewed after saving, and clicks are turned into places.
 */
import type { Bounds, FeatureRef, FitOptions, LngLat, MapClick, MapPort, PickHit, Pixel } from "./port";
import { TOLERANCE_PX } from "./port";

export interface EditorHooks {
  readonly map: MapPort;
  /** Takes these features out of the tiles of a layer; replaces an earlier list, [] shows all again. */
  hide(layer: string, ids: readonly number[]): void;
  /** After a changeset was applied: shows the features again and asks for the layer's tiles anew. */
  saved(layer: string, version: string | number): void;
  /** Features under a click, nearest kind first, with the reach that mouse or finger need. */
  pick(click: Pick<MapClick, "pixel" | "touch">): Promise<readonly PickHit[]>;
  toLngLat(pixel: Pixel): LngLat;
  toPixel(at: LngLat): Pixel;
  fit(bounds: Bounds, options?: FitOptions): void;
  mark(feature: FeatureRef, geometry?: GeoJSON.Geometry): void;
  unmark(): void;
  /** While the editor listens, clicks do not open the panel. Returns the function that gives them back. */
  takeClicks(listener: (click: MapClick) => void): () => void;
}

/** Hands clicks to the editor while it holds them, and to `ordinary` at all other times. */
export class ClickRouter {
  private readonly takers: ((click: MapClick) => void)[] = [];

  constructor(map: MapPort, ordinary: (click: MapClick) => void) {
    map.on("click", (click) => (this.takers.at(-1) ?? ordinary)(click));
  }

  take(listener: (click: MapClick) => void): () => void {
    this.takers.push(listener);
    return () => {
      const index = this.takers.indexOf(listener);
      if (index >= 0) this.takers.splice(index, 1);
    };
  }

  /** Does the editor hold the clicks? Then hovering must not promise the panel either. */
  get taken(): boolean {
    return this.takers.length > 0;
  }
}

export function editorHooks(map: MapPort, clicks: ClickRouter): EditorHooks {
  return {
    map,
    hide: (layer, ids) => map.hide(layer, ids),
    saved: (layer, version) => {
      map.hide(layer, []);
      map.refresh(layer, version);
    },
    pick: ({ pixel, touch }) => map.pick(pixel, touch ? TOLERANCE_PX.touch : TOLERANCE_PX.mouse),
    toLngLat: (pixel) => map.toLngLat(pixel),
    toPixel: (at) => map.toPixel(at),
    fit: (bounds, options) => map.fit(bounds, options),
    mark: (feature, geometry) => map.highlight({ feature, geometry }),
    unmark: () => map.highlight(null),
    takeClicks: (listener) => clicks.take(listener),
  };
}
