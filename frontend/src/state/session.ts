/** One reader at one map: what is shown, what is open, and everything that can be done to either. */
import type { LayerConfig, MapConfig } from "../api/config";
import { type FeatureItem, fetchItem } from "../api/features";
import { ApiError } from "../api/http";
import type { I18n } from "../i18n";
import { geometryBounds } from "../map/mvt/outline";
import type { FeatureRef, LngLat, MapPort, TileSource } from "../map/port";
import { zoomSpan } from "../map/scale";
import { createStore, type Store } from "./store";

export interface LayerState {
  readonly visible: boolean;
  /** 0..1 */
  readonly opacity: number;
}

/** Features that lie at one place, and which of them is open. */
export interface Selection {
  readonly features: readonly FeatureRef[];
  readonly index: number;
  /** Where the reader pointed; null when the feature came from a link. */
  readonly at: LngLat | null;
  /** Should the panel take the focus? Not while someone steps from feature to feature. */
  readonly focus: boolean;
}

export type Detail =
  | { readonly state: "loading" | "missing" | "error"; readonly feature: FeatureRef }
  | { readonly state: "ready"; readonly feature: FeatureRef; readonly item: FeatureItem };

export interface SessionState {
  readonly layers: ReadonlyMap<string, LayerState>;
  /** Rasters that are shown, the uppermost first, with their opacity. */
  readonly rasters: ReadonlyMap<string, number>;
  readonly selection: Selection | null;
  readonly detail: Detail | null;
  /** The zoom that styles are evaluated at now. */
  readonly styleZoom: number;
  readonly tiles: { readonly loading: number; readonly failed: readonly string[] };
}

const DRAWN: Record<LayerConfig["geometryType"], number> = {
  Polygon: 0,
  Geometry: 1,
  LineString: 2,
  Point: 3,
};

export class Session {
  readonly store: Store<SessionState>;
  private readonly byName: ReadonlyMap<string, LayerConfig>;
  private request: AbortController | null = null;

  constructor(
    readonly config: MapConfig,
    readonly i18n: I18n,
    readonly map: MapPort,
    shown: ReadonlyMap<string, number> | null,
    rasters: ReadonlyMap<string, number> | null = null,
  ) {
    this.byName = new Map(config.layers.map((layer) => [layer.name, layer]));
    this.store = createStore<SessionState>({
      layers: new Map(config.layers.map((layer) => [layer.name, initialState(layer, shown)])),
      rasters: rasters ?? new Map(),
      selection: null,
      detail: null,
      styleZoom: map.styleZoom(),
      tiles: { loading: 0, failed: [] },
    });
    map.setLayers(drawingOrder(config.layers).map((layer) => toSource(layer, this.layerState(layer.name))));
    map.on("moveend", () => this.store.set({ styleZoom: map.styleZoom() }));
    map.on("tiles", (tiles) => this.store.set({ tiles }));
    this.store.watch(
      ({ selection }) => (selection ? selection.features[selection.index] : undefined),
      (feature) => void this.open(feature ?? null),
    );
  }

  layer(name: string): LayerConfig | undefined {
    return this.byName.get(name);
  }

  layerState(name: string): LayerState {
    return this.store.get().layers.get(name) ?? { visible: false, opacity: 1 };
  }

  /** The layer as the map draws it, visible; null for one that is not known. */
  source(name: string): TileSource | null {
    const layer = this.byName.get(name);
    return layer ? toSource(layer, { visible: true, opacity: this.layerState(name).opacity }) : null;
  }

  setVisible(name: string, visible: boolean): void {
    this.changeLayer(name, { visible });
    this.map.patchLayer(name, { visible });
  }

  setOpacity(name: string, opacity: number): void {
    this.changeLayer(name, { opacity });
    this.map.patchLayer(name, { opacity });
  }

  /** Shows exactly the layers that an address names, each with its opacity. */
  showOnly(shown: ReadonlyMap<string, number>): void {
    for (const layer of this.config.layers) {
      const { visible, opacity } = initialState(layer, shown);
      const now = this.layerState(layer.name);
      if (now.visible !== visible) this.setVisible(layer.name, visible);
      if (now.opacity !== opacity) this.setOpacity(layer.name, opacity);
    }
  }

  /** What the address should say about layers; null while nothing differs from the page as it comes. */
  shownLayers(): ReadonlyMap<string, number> | null {
    const { layers } = this.store.get();
    const asItComes = this.config.layers.every(({ name, visible }) => {
      const state = layers.get(name);
      return state?.visible === visible && state.opacity === 1;
    });
    if (asItComes) return null;
    return new Map(
      [...layers].filter(([, { visible }]) => visible).map(([name, state]) => [name, state.opacity]),
    );
  }

  /** Moves to the nearest scale at which the layer is drawn. */
  goToScale(name: string): void {
    const layer = this.byName.get(name);
    const span = layer && zoomSpan(layer);
    if (!span) return;
    const view = this.map.view();
    const styleZoom = Math.min(span.last, Math.max(span.first, this.map.styleZoom()));
    this.map.setView({ ...view, zoom: styleZoom + 1 });
  }

  /** Opens the first of the features at a place. An empty list closes what is open. */
  select(
    features: readonly FeatureRef[],
    { at = null, focus = true }: { at?: LngLat | null; focus?: boolean },
  ) {
    const known = features.filter(({ layer }) => this.byName.has(layer));
    this.store.set({ selection: known.length > 0 ? { features: known, index: 0, at, focus } : null });
  }

  /** To the next (1) or previous (-1) feature at the same place, round and round. */
  turn(step: 1 | -1): void {
    const { selection } = this.store.get();
    if (!selection) return;
    const count = selection.features.length;
    this.store.set({ selection: { ...selection, index: (selection.index + step + count) % count } });
  }

  close(): void {
    this.store.set({ selection: null });
  }

  /** Loads the open feature again, after a failure or an edit. */
  reload(): Promise<void> {
    const { selection } = this.store.get();
    return this.open(selection?.features[selection.index] ?? null);
  }

  private changeLayer(name: string, change: Partial<LayerState>): void {
    const layers = new Map(this.store.get().layers);
    layers.set(name, { ...this.layerState(name), ...change });
    this.store.set({ layers });
  }

  private async open(feature: FeatureRef | null): Promise<void> {
    this.request?.abort();
    this.request = null;
    this.map.highlight(feature && { feature });
    const layer = feature && this.byName.get(feature.layer);
    if (!feature || !layer) {
      this.store.set({ detail: null });
      return;
    }
    const request = new AbortController();
    this.request = request;
    this.store.set({ detail: { state: "loading", feature } });
    try {
      const item = await fetchItem(layer, feature.id, request.signal);
      if (request.signal.aborted) return;
      this.map.highlight({ feature, geometry: item.geometry ?? undefined });
      this.store.set({ detail: { state: "ready", feature, item } });
    } catch (error) {
      if (request.signal.aborted) return;
      const missing = error instanceof ApiError && (error.status === 404 || error.status === 410);
      this.store.set({ detail: { state: missing ? "missing" : "error", feature } });
    }
  }

  /** The box of the open feature in degrees, once it is loaded. */
  openBounds(): readonly [number, number, number, number] | null {
    const { detail } = this.store.get();
    return detail?.state === "ready" && detail.item.geometry ? geometryBounds(detail.item.geometry) : null;
  }
}

function initialState(layer: LayerConfig, shown: ReadonlyMap<string, number> | null): LayerState {
  if (!shown) return { visible: layer.visible, opacity: 1 };
  return { visible: shown.has(layer.name), opacity: shown.get(layer.name) ?? 1 };
}

/** Base layers lowest; then areas, lines and points; among equals the first of the list is on top. */
export function drawingOrder(layers: readonly LayerConfig[]): LayerConfig[] {
  const place = new Map(layers.map((layer, index) => [layer, index]));
  return [...layers].sort(
    (a, b) =>
      Number(b.base) - Number(a.base) ||
      DRAWN[a.geometryType] - DRAWN[b.geometryType] ||
      place.get(b)! - place.get(a)!,
  );
}

export function toSource(layer: LayerConfig, { visible, opacity }: LayerState): TileSource {
  const { name, tiles, version, minzoom, maxzoom, extent, base, style } = layer;
  return { name, tiles, version, minzoom, maxzoom, bounds: extent, base, style, visible, opacity };
}
