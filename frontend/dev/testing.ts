/** What tests of the map share: tiles, layers and a map that only remembers what it was told. */
import type { LayerConfig, MapConfig } from "../src/api/config";
import { type DecodedTile, flatten, type Scalar, type TileFeature } from "../src/map/mvt/decode";
import { type CompiledLayer, compileStyle, type StyleLayer } from "../src/map/mvt/style";
import type {
  FeaturesInView,
  Highlight,
  LngLat,
  MapEvents,
  MapPort,
  MapView,
  PickHit,
  TileSource,
} from "../src/map/port";

type Properties = Record<string, Scalar>;
type XY = readonly [x: number, y: number];

export function feature(
  id: number | undefined,
  type: 1 | 2 | 3,
  parts: readonly (readonly XY[])[],
  properties: Properties = {},
): TileFeature {
  return flatten(
    id,
    type,
    properties,
    parts.map((part) => part.map(([x, y]) => ({ x, y }))),
  );
}

export function square(
  id: number,
  x: number,
  y: number,
  side: number,
  properties: Properties = {},
): TileFeature {
  const ring: XY[] = [
    [x, y],
    [x + side, y],
    [x + side, y + side],
    [x, y + side],
  ];
  return feature(id, 3, [ring], properties);
}

export function tileOf(...features: TileFeature[]): DecodedTile {
  return { extent: 4096, features };
}

export function styled(...layers: Omit<StyleLayer, "id">[]): CompiledLayer[] {
  return compileStyle(layers.map((layer, index) => ({ id: `layer-${index}`, ...layer }) as StyleLayer));
}

export const NOTHING_HIDDEN: ReadonlySet<number> = new Set();

export function layerConfig(name: string, changes: Partial<LayerConfig> = {}): LayerConfig {
  return {
    name,
    title: `Layer ${name}`,
    theme: "land",
    themeTitle: "Land",
    tiles: `/tiles/${name}/{z}/{x}/{y}.mvt`,
    version: 1,
    minzoom: 8,
    maxzoom: 16,
    geometryType: "Polygon",
    extent: null,
    count: 10,
    base: false,
    visible: true,
    canEdit: false,
    style: [{ id: "fill", type: "fill", paint: { "fill-color": "#336699" } }],
    legend: [{ label: "", kind: "fill", fill: "#336699" }],
    itemUrl: `/api/collections/${name}/items/{id}`,
    pageUrl: `/demo/layers/${name}/{id}/`,
    layerUrl: `/demo/layers/${name}/`,
    fields: [{ key: "name", title: "Name", type: "string" }],
    ...changes,
  };
}

export function mapConfig(...layers: LayerConfig[]): MapConfig {
  return {
    lang: "en",
    community: { slug: "demo", title: "Demo" },
    bounds: [30, 49, 31, 50],
    layers,
    editorAvailable: false,
    urls: {},
  };
}

export class FakeMap implements MapPort {
  readonly calls: [name: string, ...args: unknown[]][] = [];
  hits: readonly PickHit[] = [];
  inView: FeaturesInView = { total: 0, items: [] };
  zoom = 15;
  private readonly listeners = new Map<string, Set<(detail: never) => void>>();

  constructor(readonly element: HTMLElement = null as unknown as HTMLElement) {}

  private note(name: string, ...args: unknown[]): void {
    this.calls.push([name, ...args]);
  }
  emit<E extends keyof MapEvents>(event: E, detail: MapEvents[E]): void {
    for (const listener of this.listeners.get(event) ?? []) listener(detail as never);
  }
  on<E extends keyof MapEvents>(event: E, listener: (detail: MapEvents[E]) => void): () => void {
    const all = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, all.add(listener));
    return () => all.delete(listener);
  }
  view = (): MapView => ({ lng: 30.5, lat: 49.5, zoom: this.zoom });
  setView = (view: MapView) => this.note("setView", view);
  fit = (...args: unknown[]) => this.note("fit", ...args);
  zoomBy = (steps: number) => this.note("zoomBy", steps);
  canZoom = () => true;
  bounds = () => [30, 49, 31, 50] as const;
  metresPerPixel = () => 3;
  styleZoom = () => this.zoom - 1;
  reveal = (at: LngLat) => this.note("reveal", at);
  toLngLat = () => ({ lng: 30.5, lat: 49.5 });
  toPixel = () => ({ x: 0, y: 0 });
  setLayers = (layers: readonly TileSource[]) => this.note("setLayers", layers);
  patchLayer = (name: string, patch: object) => this.note("patchLayer", name, patch);
  refresh = (layer: string, version: string | number) => this.note("refresh", layer, version);
  changed = (layer: string, version: string | number) => this.note("changed", layer, version);
  hide = (layer: string, ids: readonly number[]) => this.note("hide", layer, ids);
  retry = () => this.note("retry");
  pick = () => Promise.resolve(this.hits);
  featuresInView = () => Promise.resolve(this.inView);
  highlight = (target: Highlight | null) => this.note("highlight", target);
  destroy = () => this.note("destroy");
}
