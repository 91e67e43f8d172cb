import { expect, test } from "vitest";
import { boundsOf, extentOf, mainExtentOf, union } from "./sketch";

test("a box holds its places with a margin, a single point too", () => {
  expect(boundsOf([])).toBeNull();
  const [west, south, east, north] = boundsOf([
    [29, 48],
    [30, 49],
  ])!;
  expect([west < 29, south < 48, east > 30, north > 49]).toEqual([true, true, true, true]);
  const [w, , e] = boundsOf([[29, 48]])!;
  expect(e - w).toBeGreaterThan(0);
});

test("a stray place does not make the others a dot", () => {
  const many = Array.from({ length: 99 }, (_, i): [number, number] => [29 + i / 1000, 48]);
  expect(boundsOf([...many, [150, 10]])![2]).toBeLessThan(30);
});

test("the extent of geometries is that of all their corners, strays included", () => {
  const ring = [
    [29.2, 48.7],
    [29.3, 48.6],
    [29.25, 48.9],
    [29.2, 48.7],
  ];
  const area: GeoJSON.Geometry = { type: "MultiPolygon", coordinates: [[ring]] };
  const stray: GeoJSON.Geometry = { type: "Point", coordinates: [30, 47] };
  expect(extentOf([area])).toEqual([29.2, 48.6, 29.3, 48.9]);
  expect(extentOf([area, { type: "GeometryCollection", geometries: [stray] }])).toEqual([29.2, 47, 30, 48.9]);
  expect(extentOf([{ type: "MultiPoint", coordinates: [] }])).toBeNull();
  expect(union([29, 48, 30, 49], [28, 48.5, 29.5, 50])).toEqual([28, 48, 30, 50]);
});

test("what lies far from the rest is left out of the box only where it makes the rest too small to see", () => {
  const at = (x: number, y: number): GeoJSON.Geometry => ({ type: "Point", coordinates: [x, y] });
  const town = Array.from({ length: 100 }, (_, i) => at(29 + (i % 10) / 100, 48 + Math.floor(i / 10) / 100));
  const main = [29, 48, 29.09, 48.09];
  expect(mainExtentOf(town)).toBeNull();
  expect(mainExtentOf([...town, at(29.2, 48)])).toBeNull();
  expect(mainExtentOf([...town, at(0, 0)])).toEqual(main);
  expect(mainExtentOf([at(0, 0), ...town, at(60, 10)])).toEqual(main);
  expect(mainExtentOf([...town, at(0, 0), at(60, 10), at(-70, 5)]), "a third is no stray").toBeNull();
  expect(mainExtentOf([...town.slice(0, 4), at(0, 0)])).toEqual([29, 48, 29.03, 48]);
  expect(mainExtentOf([...town.slice(0, 3), at(0, 0)]), "too few to tell which is the stray").toBeNull();
  expect(mainExtentOf([{ type: "MultiPoint", coordinates: [] }])).toBeNull();
});
