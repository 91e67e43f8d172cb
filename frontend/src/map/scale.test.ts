import { expect, test } from "vitest";
import { scaleBar, scaleDenominator, zoomSpan } from "./scale";

const layer = (minzoom: number, ...style: { type: string; minzoom?: number; maxzoom?: number }[]) => ({
  minzoom,
  style,
});

test("a layer is seen from the whole zoom at which something of it is drawn", () => {
  expect(zoomSpan(layer(8, { type: "fill", minzoom: 13.4 }))).toEqual({ first: 14, last: Infinity });
  expect(zoomSpan(layer(12, { type: "fill" }))).toEqual({ first: 12, last: Infinity });
  expect(zoomSpan(layer(8, { type: "fill", maxzoom: 15.2 }))).toEqual({ first: 8, last: 15 });
});

test("labels alone do not make a layer seen, unless it has nothing else", () => {
  expect(zoomSpan(layer(8, { type: "fill", minzoom: 13 }, { type: "symbol", minzoom: 9 }))?.first).toBe(13);
  expect(zoomSpan(layer(8, { type: "symbol", minzoom: 9 }))?.first).toBe(9);
});

test("a layer without style is never seen", () => {
  expect(zoomSpan(layer(8))).toBeNull();
});

test("scales are told in two digits, at the latitude of the map", () => {
  expect(scaleDenominator(14, 49)).toBe(11_000);
  expect(scaleDenominator(14, 0)).toBe(17_000);
});

test("the bar is the longest round distance that fits", () => {
  expect(scaleBar(3.06, 110)).toEqual({ metres: 200, px: 200 / 3.06 });
  expect(scaleBar(0.1, 110).metres).toBe(10);
});
