import { expect, test } from "vitest";
import { encodeTile } from "../../../dev/mvt";
import { decodeTile, EMPTY_TILE } from "./decode";

const SQUARE = [0, 0, 100, 0, 100, 100, 0, 100];
const HOLE = [20, 20, 20, 40, 40, 40, 40, 20];

test("a feature keeps its id, its type and values of every kind", () => {
  const properties = { name: "Ґрунтова", area: 1.25, floors: 3, open: true, depth: -4 };
  const body = encodeTile("demo.x", [{ id: 9007199254740991, type: 3, properties, parts: [SQUARE] }]).buffer;
  const [feature] = decodeTile(body, "demo.x").features;
  expect(feature?.id).toBe(9007199254740991);
  expect(feature?.type).toBe(3);
  expect(feature?.properties).toEqual(properties);
});

test("rings are flat arrays with their ends, and the box covers all of them", () => {
  const body = encodeTile("demo.x", [{ id: 1, type: 3, properties: {}, parts: [SQUARE, HOLE] }]).buffer;
  const feature = decodeTile(body, "demo.x").features[0]!;
  const rings = [...feature.ends].map((end, index) => end - (index ? feature.ends[index - 1]! : 0));
  // The decoder writes the closing vertex of a ring, two numbers each.
  expect(rings).toEqual([10, 10]);
  expect([feature.minX, feature.minY, feature.maxX, feature.maxY]).toEqual([0, 0, 100, 100]);
});

test("a multipoint is one part with all its points, outside the tile too", () => {
  const body = encodeTile("demo.x", [{ id: 1, type: 1, properties: {}, parts: [[-64, 5, 4100, 7]] }]).buffer;
  const feature = decodeTile(body, "demo.x").features[0]!;
  expect([...feature.coords]).toEqual([-64, 5, 4100, 7]);
});

test("the layer is found by name, and a single layer of another name is taken for it", () => {
  const body = encodeTile("other", [{ id: 7, type: 1, properties: {}, parts: [[1, 1]] }]).buffer;
  expect(decodeTile(body, "demo.x").features[0]?.id).toBe(7);
});

test("an empty body is an empty tile", () => {
  expect(decodeTile(new ArrayBuffer(0), "demo.x")).toBe(EMPTY_TILE);
});

test("an HTML page in place of a tile throws instead of giving features", () => {
  const html = new TextEncoder().encode("<!doctype html><title>Bad gateway</title>").buffer as ArrayBuffer;
  let features: readonly unknown[] = [];
  expect(() => {
    features = decodeTile(html, "demo.x").features;
    if (features.length === 0) throw new Error("nothing in it");
  }).toThrow();
});
