import { afterEach, expect, test, vi } from "vitest";
import { feature, square, styled } from "../../../dev/testing";
import { compileStyle, drawsAt } from "./style";

afterEach(() => vi.restoreAllMocks());

test("a class colour is chosen by the feature's value and the other class takes the rest", () => {
  const paint = {
    "fill-color": ["match", ["to-string", ["get", "own"]], ["100", "101"], "#ff0000", "#00ff00"],
  };
  const color = styled({ type: "fill", paint })[0]!.color("fill-color").bind(14);
  expect(color(square(1, 0, 0, 1, { own: 101 }))).toBe("rgba(255,0,0,1)");
  expect(color(square(2, 0, 0, 1))).toBe("rgba(0,255,0,1)");
});

test("a width by zoom is interpolated between its stops", () => {
  const paint = { "line-width": ["interpolate", ["linear"], ["zoom"], 12, 1, 16, 5] };
  const width = styled({ type: "line", paint })[0]!.number("line-width");
  expect(width.bind(14)(square(1, 0, 0, 1))).toBe(3);
  expect(width.bind(20)(square(1, 0, 0, 1))).toBe(5);
});

test("a graduated step falls to its other class where the value is no number", () => {
  const steps = ["step", ["number", ["get", "n"]], "#000001", 5, "#000002"];
  const paint = { "fill-color": ["case", ["==", ["typeof", ["get", "n"]], "number"], steps, "#000003"] };
  const color = styled({ type: "fill", paint })[0]!.color("fill-color").bind(14);
  const all: Record<string, number | string>[] = [{ n: 4 }, { n: 5 }, { n: "many" }, {}];
  const colors = all.map((values) => color(square(1, 0, 0, 1, values)));
  expect(colors).toEqual(["rgba(0,0,1,1)", "rgba(0,0,2,1)", "rgba(0,0,3,1)", "rgba(0,0,3,1)"]);
});

test("a filter on the kind of geometry tells areas from lines", () => {
  const filter = ["in", ["geometry-type"], ["literal", ["Polygon", "MultiPolygon"]]];
  const accepts = styled({ type: "fill", filter, paint: {} })[0]!.accepts(14);
  expect(accepts(square(1, 0, 0, 1))).toBe(true);
  expect(
    accepts(
      feature(2, 2, [
        [
          [0, 0],
          [1, 1],
        ],
      ]),
    ),
  ).toBe(false);
});

test("a number becomes label text, and a missing value an empty one", () => {
  const layout = { "text-field": ["to-string", ["get", "n"]] };
  const text = styled({ type: "symbol", layout })[0]!.text("text-field").bind(14);
  expect(text(square(1, 0, 0, 1, { n: 12 }))).toBe("12");
  expect(text(square(1, 0, 0, 1))).toBe("");
});

test("what is not given has the default of the MapLibre specification", () => {
  const layer = styled({ type: "circle", paint: {} })[0]!;
  expect(layer.number("circle-radius").bind(14)(square(1, 0, 0, 1))).toBe(5);
  expect(layer.has("circle-radius")).toBe(false);
});

test("a layer of an unknown type or with a broken expression is left out with a warning, the rest is drawn", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const layers = compileStyle([
    { id: "relief", type: "hillshade" },
    { id: "broken", type: "fill", paint: { "fill-color": ["no-such-operator", 1] } },
    { id: "sound", type: "fill", paint: { "fill-color": "#123456" } },
  ]);
  expect(layers.map(({ id }) => id)).toEqual(["sound"]);
  expect(warn.mock.calls.map(([text]) => String(text).split('"')[1])).toEqual(["relief", "broken"]);
});

test("a layer is drawn from its lowest zoom up to, but not at, its highest", () => {
  const layers = styled({ type: "fill", minzoom: 13, maxzoom: 15 });
  expect([12, 13, 14.9, 15].map((zoom) => drawsAt(layers, zoom))).toEqual([false, true, true, false]);
});
