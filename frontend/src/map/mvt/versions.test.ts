import { expect, test } from "vitest";
import { tileBounds } from "./place";
import { TileVersions } from "./versions";

const HERE = { z: 14, x: 9557, y: 5556 };
const NEXT = { ...HERE, x: HERE.x + 1 };
const FAR = { ...HERE, x: HERE.x + 3 };
const [west, south, east, north] = tileBounds(HERE);
const width = east - west;

/** A small box so many tile widths east of the tile's western edge. */
function box(across: number): [number, number, number, number] {
  const middle = (south + north) / 2;
  return [west + across * width, middle, west + across * width + 1e-6, middle + 1e-6];
}

test("a change gives a new version to the tiles that it touches, at every zoom, and to no others", () => {
  const versions = new TileVersions(7);
  versions.add({ version: 8, boxes: [box(0.5)] });
  expect([HERE, NEXT, FAR].map((tile) => versions.at(tile))).toEqual([8, 7, 7]);
  expect(versions.at({ z: 13, x: HERE.x >> 1, y: HERE.y >> 1 })).toBe(8);
  expect(versions.at({ z: 0, x: 0, y: 0 })).toBe(8);
});

test("a neighbour that shows the symbol of what changed has the new version too", () => {
  const versions = new TileVersions(7);
  versions.add({ version: 8, boxes: [box(0.95)] });
  expect([HERE, NEXT, FAR].map((tile) => versions.at(tile))).toEqual([8, 8, 7]);
});

test("the last of several changes counts", () => {
  const versions = new TileVersions(7);
  versions.add({ version: 8, boxes: [box(0.5), box(3.5)] });
  versions.add({ version: 9, boxes: [box(3.5)] });
  expect([HERE, NEXT, FAR].map((tile) => versions.at(tile))).toEqual([8, 7, 9]);
});

test("after a new beginning all tiles have its version", () => {
  const versions = new TileVersions(7);
  versions.add({ version: 8, boxes: [box(0.5)] });
  versions.restart(9);
  expect([HERE, NEXT, FAR].map((tile) => versions.at(tile))).toEqual([9, 9, 9]);
});

test("very many changes become one that is everywhere", () => {
  const versions = new TileVersions(0);
  for (let version = 1; version <= 51; version++) versions.add({ version, boxes: [box(0.5)] });
  expect(versions.at(FAR)).toBe(51);
});
