/** MapLibre style layers, compiled once and evaluated per zoom and feature by the official expression code. */
import { Color, featureFilter, normalizePropertyExpression } from "@maplibre/maplibre-gl-style-spec";
import type { TileFeature } from "./decode";

/** A MapLibre style layer without `source` and `source-layer`: those follow from the map layer that owns it. */
export interface StyleLayer {
  readonly id: string;
  readonly type: string;
  readonly minzoom?: number;
  readonly maxzoom?: number;
  readonly filter?: unknown;
  readonly layout?: Readonly<Record<string, unknown>>;
  readonly paint?: Readonly<Record<string, unknown>>;
}

export const LAYER_KINDS = ["background", "fill", "line", "circle", "symbol"] as const;
export type LayerKind = (typeof LAYER_KINDS)[number];

type ValueOf<T> = (feature: TileFeature) => T;

/** A property at one zoom: a function of the feature, already constant where the style does not ask for one. */
export interface Property<T> {
  bind(zoom: number): ValueOf<T>;
}

export interface CompiledLayer {
  readonly id: string;
  readonly kind: LayerKind;
  readonly minzoom: number;
  readonly maxzoom: number;
  /** Does this layer draw the feature at that zoom? */
  accepts(zoom: number): (feature: TileFeature) => boolean;
  number(name: NumberName): Property<number>;
  color(name: ColorName): Property<string>;
  text(name: TextName): Property<string>;
  numbers(name: "line-dasharray" | "text-offset"): Property<readonly number[]>;
  words(name: "text-font"): Property<readonly string[]>;
  /** Was the property given at all? Defaults answer false. */
  has(name: PropertyName): boolean;
}

const DEFAULTS = {
  "background-opacity": 1,
  "fill-opacity": 1,
  "line-opacity": 1,
  "line-width": 1,
  "circle-radius": 5,
  "circle-opacity": 1,
  "circle-stroke-width": 0,
  "circle-stroke-opacity": 1,
  "text-size": 16,
  "text-opacity": 1,
  "text-halo-width": 0,
  "text-max-width": 10,
  "text-line-height": 1.2,
  "text-padding": 2,
  "symbol-sort-key": 0,
  "symbol-spacing": 250,
} as const;
const COLORS = {
  "background-color": "#000000",
  "fill-color": "#000000",
  "fill-outline-color": "rgba(0,0,0,0)",
  "line-color": "#000000",
  "circle-color": "#000000",
  "circle-stroke-color": "#000000",
  "text-color": "#000000",
  "text-halo-color": "rgba(0,0,0,0)",
} as const;
const TEXTS = {
  "text-field": "",
  "fill-pattern": "",
  "line-cap": "butt",
  "line-join": "miter",
  "symbol-placement": "point",
  "text-anchor": "center",
  "text-transform": "none",
  "text-allow-overlap": "false",
} as const;
const NUMBERS = { "line-dasharray": [], "text-offset": [0, 0], "text-font": [] } as const;

export type NumberName = keyof typeof DEFAULTS;
export type ColorName = keyof typeof COLORS;
export type TextName = keyof typeof TEXTS;
export type PropertyName = NumberName | ColorName | TextName | keyof typeof NUMBERS;

interface Expression {
  readonly kind: "constant" | "source" | "camera" | "composite";
  evaluate(globals: { zoom: number }, feature?: unknown): unknown;
}

/** Compiles what the client can draw; a layer of an unknown type or with a broken value is left out with a warning. */
export function compileStyle(layers: readonly StyleLayer[]): CompiledLayer[] {
  const compiled: CompiledLayer[] = [];
  for (const layer of layers) {
    if (layer.layout?.visibility === "none") continue;
    try {
      compiled.push(compileLayer(layer));
    } catch (error) {
      console.warn(`Style layer "${layer.id}" is left out: ${String(error)}`);
    }
  }
  return compiled;
}

function compileLayer(layer: StyleLayer): CompiledLayer {
  const kind = LAYER_KINDS.find((known) => known === layer.type);
  if (!kind) throw new Error(`the layer type "${layer.type}" is not drawn here`);
  const given: Record<string, unknown> = { ...layer.layout, ...layer.paint };
  const filter = featureFilter(layer.filter as never, layer.id);
  const cache = new Map<PropertyName, Property<unknown>>();
  const property = <T>(name: PropertyName): Property<T> => {
    let known = cache.get(name);
    if (!known) {
      known = compileProperty(name, given[name]);
      cache.set(name, known);
    }
    return known as Property<T>;
  };
  // Now, so that a broken expression is refused here and not in the middle of a tile.
  for (const name of Object.keys(given)) if (isPropertyName(name)) property(name);
  return {
    id: layer.id,
    kind,
    minzoom: layer.minzoom ?? 0,
    maxzoom: layer.maxzoom ?? Infinity,
    accepts: (zoom) => (feature) => filter.filter({ zoom }, feature as never),
    number: property,
    color: property,
    text: property,
    numbers: property,
    words: property,
    has: (name) => given[name] !== undefined,
  };
}

function isPropertyName(name: string): name is PropertyName {
  return name in DEFAULTS || name in COLORS || name in TEXTS || name in NUMBERS;
}

/** `formatted` turns numbers and missing values into text as MapLibre does; the rest are plain words. */
function textType(name: TextName): object {
  if (name === "text-allow-overlap") return { type: "boolean" };
  return name === "text-field" ? { type: "formatted", tokens: true } : { type: "string" };
}

interface Kind {
  readonly spec: object;
  readonly fallback: unknown;
  convert(value: unknown): unknown;
}

function kindOf(name: PropertyName): Kind {
  if (name in DEFAULTS) {
    return { spec: { type: "number" }, fallback: DEFAULTS[name as NumberName], convert: Number };
  }
  if (name in COLORS) {
    return { spec: { type: "color" }, fallback: COLORS[name as ColorName], convert: cssColor };
  }
  if (name in TEXTS) {
    return { spec: textType(name as TextName), fallback: TEXTS[name as TextName], convert: String };
  }
  const value = name === "text-font" ? "string" : "number";
  return { spec: { type: "array", value }, fallback: NUMBERS[name as keyof typeof NUMBERS], convert: toList };
}

function compileProperty(name: PropertyName, given: unknown): Property<unknown> {
  const { spec, fallback, convert } = kindOf(name);
  const full = {
    ...spec,
    default: fallback,
    "property-type": "data-driven",
    expression: { interpolated: true, parameters: ["zoom", "feature"] },
  };
  const value = (given ?? fallback) as never;
  const expression = normalizePropertyExpression(value, name, full as never) as Expression;
  if (expression.kind === "constant" && !sound(expression.evaluate({ zoom: 0 }), name)) {
    throw new Error(`${JSON.stringify(given)} is no value for ${name}`);
  }
  const perFeature = expression.kind === "source" || expression.kind === "composite";
  return {
    bind(zoom) {
      const globals = { zoom };
      if (perFeature) return (feature) => convert(expression.evaluate(globals, feature));
      const constant = convert(expression.evaluate(globals));
      return () => constant;
    },
  };
}

/** An unknown operator is not seen as an expression but as a constant, and then of the wrong type. */
function sound(value: unknown, name: PropertyName): boolean {
  if (name in DEFAULTS) return typeof value === "number";
  if (name in COLORS) return value instanceof Color;
  if (name in TEXTS) return typeof value === "string" || typeof value === "boolean";
  return Array.isArray(value);
}

const css = new WeakMap<Color, string>();

/** Colours written in the style are one object for all features, so their text is made once. */
function cssColor(value: unknown): string {
  if (!(value instanceof Color)) return String(value ?? "rgba(0,0,0,0)");
  let text = css.get(value);
  if (text === undefined) {
    text = value.toString();
    css.set(value, text);
  }
  return text;
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : ((value as { values?: unknown[] } | null)?.values ?? []);
}

/** Is any of these layers drawn at that zoom? */
export function drawsAt(
  layers: readonly Pick<CompiledLayer, "minzoom" | "maxzoom">[],
  zoom: number,
): boolean {
  return layers.some((layer) => zoom >= layer.minzoom && zoom < layer.maxzoom);
}
