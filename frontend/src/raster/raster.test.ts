import { expect, test } from "vitest";
import { testDictionary } from "../../dev/dictionaries";
import type { RasterConfig } from "../api/config";
import { I18n } from "../i18n";
import { runsOf, ticks } from "./chart";
import { firstChoice, sidesOf } from "./compare";
import { changed, listed, moved, sameShown, shownOf } from "./order";
import { formatPoint, parsePoints, written } from "./values";
import { RASTER_WORDS } from "./words";

testDictionary(RASTER_WORDS, { folder: "src/raster", composed: /^$/ });

const raster = (name: string, change: Partial<RasterConfig> = {}): RasterConfig => ({
  name,
  title: name,
  date: null,
  tiles: "",
  minzoom: 0,
  maxzoom: 18,
  bounds: [29, 48, 30, 49],
  opacity: 1,
  legend: { kind: "picture" },
  values: null,
  pageUrl: "",
  ...change,
});
const [A, B, C] = ["d.a", "d.b", "d.c"].map((name) => raster(name)) as [
  RasterConfig,
  RasterConfig,
  RasterConfig,
];
const names = (list: ReturnType<typeof listed>) => list.map(({ raster: { name } }) => name);

test("rasters that an address names come first, in its order and with its opacities", () => {
  const list = listed(
    [A, B, C],
    new Map([
      ["d.c", 0.4],
      ["d.gone", 1],
      ["d.b", 1],
    ]),
  );
  expect(names(list)).toEqual(["d.c", "d.b", "d.a"]);
  expect([...shownOf(list)]).toEqual([
    ["d.c", 0.4],
    ["d.b", 1],
  ]);
});

test("a raster moves one place and not over the ends", () => {
  const list = listed([A, B, C], new Map());
  expect(names(moved(list, "d.b", -1))).toEqual(["d.b", "d.a", "d.c"]);
  expect(names(moved(list, "d.c", 1))).toEqual(["d.a", "d.b", "d.c"]);
  expect(names(moved(list, "d.gone", 1))).toEqual(["d.a", "d.b", "d.c"]);
});

test("what is shown is the same only in the same order", () => {
  const one = shownOf(
    changed(
      listed(
        [A, B],
        new Map([
          ["d.a", 1],
          ["d.b", 1],
        ]),
      ),
      "d.a",
      { opacity: 0.5 },
    ),
  );
  expect(
    sameShown(
      one,
      new Map([
        ["d.a", 0.5],
        ["d.b", 1],
      ]),
    ),
  ).toBe(true);
  expect(
    sameShown(
      one,
      new Map([
        ["d.b", 1],
        ["d.a", 0.5],
      ]),
    ),
  ).toBe(false);
  expect(sameShown(one, new Map([["d.a", 0.5]]))).toBe(false);
});

test("the earlier of two dates is compared on the left, and a single raster with the bare map", () => {
  const old = raster("d.old", { date: "2019-06-02" });
  const late = raster("d.late", { date: "2024-05-17" });
  const both = new Map([
    ["d.late", 1],
    ["d.old", 1],
  ]);
  expect(firstChoice(listed([late, old], both))).toEqual({ left: "d.old", right: "d.late" });
  expect(firstChoice(listed([old, late], new Map([["d.old", 1]])))).toEqual({
    left: "d.old",
    right: "d.late",
  });
  expect(firstChoice(listed([old], new Map()))).toEqual({ left: "", right: "d.old" });
});

test("a raster that is chosen for both sides is not cut", () => {
  const list = listed([A, B], new Map());
  expect([...sidesOf(list, { left: "d.a", right: "d.b" })]).toEqual([
    ["d.a", "left"],
    ["d.b", "right"],
  ]);
  expect(sidesOf(list, { left: "d.a", right: "d.a" }).size).toBe(0);
  expect([...sidesOf(list, { left: "", right: "d.b" })]).toEqual([
    ["d.a", "nowhere"],
    ["d.b", "right"],
  ]);
  expect([...sidesOf(list, { left: "d.zones", right: "d.parcels" })]).toEqual([
    ["d.zones", "left"],
    ["d.parcels", "right"],
  ]);
});

test("points are typed in any of the usual ways, and a wrong row is named by its number", () => {
  const points = parsePoints("48.68, 29.24\n\n48.69;29.25\n 48.7 29.26 ");
  expect(points).toEqual([
    { lat: 48.68, lng: 29.24 },
    { lat: 48.69, lng: 29.25 },
    { lat: 48.7, lng: 29.26 },
  ]);
  expect(parsePoints("48.68, 29.24\n98, 29")).toEqual({ row: 2 });
  expect(parsePoints("x, y")).toEqual({ row: 1 });
  expect(parsePoints("1,2,3")).toEqual({ row: 1 });
  expect(parsePoints("48.68,")).toEqual({ row: 1 });
  expect(parsePoints(formatPoint({ lat: 48.123456, lng: 29.5 }))).toEqual([{ lat: 48.123456, lng: 29.5 }]);
});

test("a gap in the values is a gap in the line", () => {
  expect(runsOf([1, 2, null, 3, null, null, 4, 5])).toEqual([[0, 1], [3], [6, 7]]);
  expect(runsOf([null, null])).toEqual([]);
});

test("ticks are round numbers", () => {
  expect(ticks(148, 232)).toEqual([150, 200]);
  expect(ticks(0, 519)).toEqual([0, 200, 400]);
  expect(ticks(0.1, 0.9)).toEqual([0.2, 0.4, 0.6, 0.8]);
});

test("values have as many decimals as they are worth, and metres their name", () => {
  const uk = new I18n("uk");
  const heights = raster("d.dem", { values: { band: 1, unit: "m" } });
  expect(written(182.436, heights, uk)).toBe("182,4\u00a0м");
  expect(written(0.12345, raster("d.ndvi", { values: { band: 1, unit: "" } }), uk)).toBe("0,123");
  expect(written(15_230.7, heights, uk).replace(/\s/g, " ")).toBe("15 231 м");
});
