import { expect, test } from "vitest";
import { boxesMeet, placeTile, sourceTile, tileBounds, toWorld } from "./place";

test("a tile below the last zoom is its own source, above it its ancestor is", () => {
  expect(sourceTile({ z: 12, x: 2394, y: 1388 }, 16)).toEqual({ z: 12, x: 2394, y: 1388 });
  expect(sourceTile({ z: 18, x: 153231, y: 88891 }, 16)).toEqual({ z: 16, x: 38307, y: 22222 });
});

test("an enlarged tile is moved so that the wanted part of it fills the screen tile", () => {
  const place = placeTile({ z: 16, x: 10, y: 20 }, 4096, { z: 18, x: 43, y: 81 }, 512);
  const toPixel = (unit: number, d: number) => unit * place.scale + d;
  // The wanted tile is the fourth column and second row of the sixteen.
  expect([toPixel(3 * 1024, place.dx), toPixel(4 * 1024, place.dx)]).toEqual([0, 512]);
  expect([toPixel(1024, place.dy), toPixel(2 * 1024, place.dy)]).toEqual([0, 512]);
});

test("tile bounds and world positions agree with the web Mercator scheme", () => {
  const [west, south, east, north] = tileBounds({ z: 14, x: 9577, y: 5553 });
  expect(west).toBeCloseTo(30.4321, 4);
  expect(east - west).toBeCloseTo(360 / 2 ** 14, 10);
  const { x, y } = toWorld(west, north);
  expect([x * 2 ** 14, y * 2 ** 14].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([9577, 5553]);
  expect(south).toBeLessThan(north);
});

test("boxes that only touch still meet", () => {
  expect(boxesMeet([0, 0, 1, 1], [1, 1, 2, 2])).toBe(true);
  expect(boxesMeet([0, 0, 1, 1], [1.01, 0, 2, 1])).toBe(false);
});
