import fc from "fast-check";
import { expect, test } from "vitest";
import { formatHash, parseHash } from "./hash";

test("place, layers with their opacity and the open feature are read", () => {
  const state = parseHash("#map=15/49.82/30.44&l=demo.streets,demo.parcels*60&f=demo.land_parcel/123");
  expect(state.view).toEqual({ zoom: 15, lat: 49.82, lng: 30.44 });
  expect([...state.layers!]).toEqual([
    ["demo.streets", 1],
    ["demo.parcels", 0.6],
  ]);
  expect(state.feature).toEqual({ layer: "demo.land_parcel", id: 123 });
});

test("what was written is read back the same", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{1,6}\.[a-z][a-z0-9_]{0,8}$/);
  const percent = fc.integer({ min: 0, max: 100 });
  const zoom = fc.integer({ min: 0, max: 22 });
  const degree = (most: number) =>
    fc.integer({ min: -most * 1e7, max: most * 1e7 }).map((value) => value / 1e7);
  const state = fc.record({
    view: fc.record({ zoom, lat: degree(85), lng: degree(180) }),
    layers: fc.option(fc.uniqueArray(fc.tuple(name, percent), { selector: ([word]) => word, maxLength: 6 })),
    feature: fc.option(fc.record({ layer: name, id: fc.nat() })),
  });
  fc.assert(
    fc.property(state, ({ view, layers, feature }) => {
      const given = { view, layers: layers && new Map(layers.map(([word, n]) => [word, n / 100])), feature };
      const back = parseHash(formatHash(given));
      expect(back.layers).toEqual(given.layers);
      expect(back.feature).toEqual(feature);
      expect(back.view!.zoom).toBe(view.zoom);
      // Within a pixel of 256 px tiles at that zoom.
      const pixel = 360 / 2 ** (view.zoom + 8);
      expect(Math.abs(back.view!.lng - view.lng)).toBeLessThanOrEqual(Math.max(pixel, 0.005));
      expect(formatHash(back)).toBe(formatHash(parseHash(formatHash(back))));
    }),
    { numRuns: 300 },
  );
});

test("no layer at all is not the same as the layers the page comes with", () => {
  expect(parseHash("#l=").layers).toEqual(new Map());
  expect(parseHash("#map=3/1/1").layers).toBeNull();
  expect(formatHash({ view: null, layers: new Map(), feature: null })).toBe("#l=");
});

test.each([
  "#map=15/49.82",
  "#map=x/y/z",
  "#map=15/95/30",
  "#map=15//",
  "#map=%E0%A4%A",
  "#l=<script>,../../x,Demo.X*30,demo.x*900&f=demo.x/abc",
  "#f=demo.x/-1",
  "#&&=&",
  "",
])("a damaged address %j gives nothing rather than an error", (hash) => {
  const { view, layers, feature } = parseHash(hash);
  expect(view).toBeNull();
  expect([...(layers ?? [])]).toEqual([]);
  expect(feature).toBeNull();
});

test("rasters keep their order and opacity in the address, and those that are no names are left out", () => {
  const rasters = new Map([
    ["demo.ortho2024", 0.6],
    ["demo.dem", 1],
  ]);
  const text = formatHash({ view: null, layers: null, rasters, feature: null });
  expect(text).toBe("#r=demo.ortho2024*60,demo.dem");
  expect([...(parseHash(text).rasters ?? [])]).toEqual([...rasters]);
  expect([...(parseHash("#r=../x,demo.dem*900,demo.dem").rasters ?? [])]).toEqual([["demo.dem", 1]]);
  expect(parseHash("#map=1/2/3").rasters).toBeNull();
  expect(formatHash({ view: null, layers: null, rasters: new Map(), feature: null })).toBe("");
});
