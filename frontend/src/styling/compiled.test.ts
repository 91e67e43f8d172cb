/** What Python compiles from recipes, evaluated by MapLibre's own code: the colours are those of the legend. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { featureFilter, normalizePropertyExpression } from "@maplibre/maplibre-gl-style-spec";
import { expect, test } from "vitest";
import { compileStyle, type StyleLayer } from "../map/mvt/style";

interface Expected {
  readonly properties: Record<string, unknown>;
  readonly drawn: boolean;
  readonly number?: number;
  readonly fill?: string | null;
  readonly stroke?: string | null;
  readonly pattern?: string | null;
  readonly radius?: number;
}
interface Case {
  readonly name: string;
  readonly geometry: "polygon" | "line" | "point";
  readonly layers: readonly (StyleLayer & { filter?: unknown })[];
  readonly features: readonly Expected[];
}

const path = fileURLToPath(new URL("../../../tests/golden/styles/evaluated.json", import.meta.url));
const cases = JSON.parse(readFileSync(path, "utf8")) as Case[];
const TYPES = { point: 1, line: 2, polygon: 3 } as const;
const globals = { zoom: 15 };

function feature(shown: Case, properties: Record<string, unknown>) {
  const known = Object.entries(properties).filter(([, value]) => value !== null);
  return { type: TYPES[shown.geometry], id: 1, properties: Object.fromEntries(known), geometry: [] };
}

function layerOf(shown: Case, name: string) {
  return shown.layers.find(({ id }) => id === `demo.${shown.name}/${name}`);
}

function accepts(layer: StyleLayer | undefined, at: ReturnType<typeof feature>): boolean {
  if (!layer) return false;
  return featureFilter(layer.filter as never, layer.id).filter(globals as never, at as never);
}

function paint(layer: StyleLayer, name: string, type: string, at: ReturnType<typeof feature>): unknown {
  const spec = {
    type,
    "property-type": "data-driven",
    expression: { interpolated: true, parameters: ["zoom", "feature"] },
  };
  const expression = normalizePropertyExpression(layer.paint![name] as never, name, spec as never);
  return (expression as { evaluate(g: object, f: object): unknown }).evaluate(globals, at);
}

function rgba(hex: string | null | undefined): string {
  if (!hex) return "rgba(0,0,0,0)";
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${red},${green},${blue},1)`;
}

const rows = cases.flatMap((shown) =>
  shown.features.map(
    (wanted) => [`${shown.name} ${JSON.stringify(wanted.properties)}`, shown, wanted] as const,
  ),
);

test("there is something to compare", () => {
  expect(rows.length).toBeGreaterThan(40);
});

test.each(rows)("%s is drawn as its legend row", (_name, shown, wanted) => {
  const at = feature(shown, wanted.properties);
  check(shown, at, wanted);
});

const gathered = rows.filter(([, shown]) => shown.name === "rules");
test.each(gathered)(
  "%s, gathered in a tile, is drawn by the number of its rule alone",
  (_name, shown, wanted) => {
    check(shown, feature(shown, { _class: wanted.number }), wanted);
  },
);

function check(shown: Case, at: ReturnType<typeof feature>, wanted: Expected): void {
  const main = { polygon: "fill", line: "line", point: "circle" }[shown.geometry];
  const lines = shown.layers.filter(({ id }) => id.startsWith(`demo.${shown.name}/line`));
  const drawers = shown.geometry === "line" ? lines : [layerOf(shown, main)!];
  const mine = drawers.filter((layer) => accepts(layer, at));
  expect(mine.length).toBe(wanted.drawn ? 1 : 0);
  if (!wanted.drawn) return;
  const layer = mine[0]!;
  if (shown.geometry === "polygon") {
    expect(String(paint(layer, "fill-color", "color", at))).toBe(rgba(wanted.fill));
    expect(accepts(layerOf(shown, "pattern"), at)).toBe(Boolean(wanted.pattern));
  } else if (shown.geometry === "line") {
    expect(String(paint(layer, "line-color", "color", at))).toBe(rgba(wanted.stroke));
  } else {
    expect(String(paint(layer, "circle-color", "color", at))).toBe(rgba(wanted.fill));
    expect(paint(layer, "circle-radius", "number", at)).toBeCloseTo(wanted.radius!, 2);
  }
}

test.each(cases)("our own renderer takes every layer of $name", ({ layers }) => {
  expect(compileStyle(layers).length).toBe(layers.length);
});
