/** The page's own configuration: what Django wrote into `<script type="application/json" id="map-config">`. */
import type { Bounds } from "../map/mvt/place";
import type { GeometryKind } from "../map/mvt/protocol";
import type { StyleLayer } from "../map/mvt/style";

export type FieldType = "string" | "text" | "integer" | "number" | "boolean" | "date" | "datetime";

export interface FieldConfig {
  readonly key: string;
  readonly title: string;
  readonly type: FieldType;
  readonly unit?: string | null;
  readonly domain?: readonly { readonly value: string | number | boolean; readonly title: string }[];
  readonly required?: boolean;
  readonly pattern?: string | null;
  readonly min?: number | null;
  readonly max?: number | null;
}

/** One row of the legend; sizes in CSS pixels. An empty label stands for the layer's title. */
export interface LegendRow {
  readonly label: string;
  readonly kind: "fill" | "line" | "circle";
  readonly fill?: string | null;
  readonly stroke?: string | null;
  readonly width?: number;
  readonly pattern?: string | null;
  readonly radius?: number;
  /** In line widths. */
  readonly dash?: readonly number[];
  readonly opacity?: number;
}

export interface LayerConfig {
  /** Full name, "community.slug". */
  readonly name: string;
  readonly title: string;
  readonly theme: string;
  readonly themeTitle: string;
  readonly tiles: string;
  readonly version: string | number;
  /** Zooms at which tiles exist (world scheme); above `maxzoom` the last ones are enlarged. */
  readonly minzoom: number;
  readonly maxzoom: number;
  readonly geometryType: GeometryKind;
  readonly extent: Bounds | null;
  readonly count: number;
  readonly base: boolean;
  readonly visible: boolean;
  readonly canEdit: boolean;
  readonly style: readonly StyleLayer[];
  readonly legend: readonly LegendRow[];
  /** Addresses with {id}. */
  readonly itemUrl: string;
  readonly pageUrl: string;
  readonly layerUrl: string;
  readonly attribution?: string;
  /** The field that names a feature; without it the first text that is filled in does. */
  readonly labelField?: string | null;
  readonly fields: readonly FieldConfig[];
}

/** A raster of the community: an orthophoto, heights, a scanned plan. */
export interface RasterConfig {
  /** Full name, "community.slug". */
  readonly name: string;
  readonly title: string;
  /** The day it shows, ISO; null where nobody has said. */
  readonly date: string | null;
  /** Address with {z}, {x}, {y} and {r} for screens of twice the pixels. */
  readonly tiles: string;
  readonly minzoom: number;
  readonly maxzoom: number;
  readonly bounds: Bounds;
  /** 0..1, until the reader chooses another. */
  readonly opacity: number;
  readonly legend: RasterLegend;
  /** What one of its values is called; null for pictures, whose values mean nothing by themselves. */
  readonly values: { readonly band: number; readonly unit: string } | null;
  readonly pageUrl: string;
  readonly attribution?: string;
}

export type RasterLegend =
  | { readonly kind: "picture" }
  | { readonly kind: "classes"; readonly rows: readonly { readonly label: string; readonly color: string }[] }
  | {
      readonly kind: "ramp";
      readonly stops: readonly { readonly value: number; readonly color: string }[];
      readonly unit: string;
    };

export interface MapConfig {
  readonly lang: string;
  readonly community: { readonly slug: string; readonly title: string } | null;
  readonly bounds: Bounds;
  readonly maxBounds?: Bounds | null;
  /** As the legend lists them: the first of a kind is drawn on top. */
  readonly layers: readonly LayerConfig[];
  /** The first is drawn on top. */
  readonly rasters?: readonly RasterConfig[];
  readonly editorAvailable: boolean;
  readonly csrfToken?: string;
  /** Who may edit here: unsaved work is kept for this person alone. */
  readonly person?: number | null;
  readonly urls: Readonly<Record<string, string>>;
}

/** Throws when the page has no configuration or one without the parts a map cannot do without. */
export function readConfig(page: Document): MapConfig {
  const text = page.getElementById("map-config")?.textContent;
  if (!text) throw new Error("The page has no #map-config.");
  const config = JSON.parse(text) as MapConfig;
  if (!Array.isArray(config.layers) || !Array.isArray(config.bounds) || config.bounds.length !== 4) {
    throw new Error("#map-config needs `layers` and `bounds`.");
  }
  return config;
}
