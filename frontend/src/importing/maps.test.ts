// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { candidateShapes, diffShape, findings, firstPlace, nearest } from "./maps";
import { nextWait } from "./progress";

const candidates = [
  { value: "EPSG:9832", mark: "circle", points: [[29.2, 48.7]] },
  { value: "EPSG:6383", mark: "square", points: [[25.4, 48.7]] },
] as const;

test("the likeliest candidate is drawn on top, and the others pale while one is chosen", () => {
  expect(candidateShapes(candidates, "").map(({ mark, faint }) => [mark, faint])).toEqual([
    ["square", false],
    ["circle", false],
  ]);
  expect(candidateShapes(candidates, "EPSG:9832").map(({ mark, faint }) => [mark, faint])).toEqual([
    ["square", true],
    ["circle", false],
  ]);
});

test("a changed feature is drawn as it was and as it will be; what is refused is pale", () => {
  const geometry = { type: "Point", coordinates: [29, 48] } as const;
  const feature = (properties: GeoJSON.GeoJsonProperties) =>
    diffShape({ type: "Feature", geometry: { ...geometry, coordinates: [29, 48] }, properties });
  expect(feature({ kind: "changed", side: "before", accepted: true }).mark).toBe("before");
  expect(feature({ kind: "changed", side: "after", accepted: true }).mark).toBe("changed");
  expect(feature({ kind: "removed", side: "before", accepted: false })).toMatchObject({
    mark: "removed",
    faint: true,
  });
});

test("a place is found in any geometry, and none in an empty one", () => {
  const ring = [
    [1, 2],
    [3, 4],
    [1, 2],
  ];
  expect(firstPlace({ type: "MultiPolygon", coordinates: [[ring]] })).toEqual([1, 2]);
  expect(firstPlace({ type: "GeometryCollection", geometries: [] })).toBeNull();
  expect(firstPlace({ type: "MultiPoint", coordinates: [] })).toBeNull();
});

test("a page asks soon at first, later less often, and seldom while nobody answers", () => {
  expect(nextWait(700, true)).toBeCloseTo(805);
  expect(nextWait(3000, true)).toBe(3000);
  expect(nextWait(3000, false)).toBe(6000);
  expect(nextWait(9000, false)).toBe(10_000);
});

test("a click takes the closest finding within reach, and none farther away", () => {
  const found = findings([
    { type: "Feature", geometry: { type: "Point", coordinates: [1, 2] }, properties: { message: "перше" } },
    { type: "Feature", geometry: { type: "Point", coordinates: [5, 2] }, properties: { message: "друге" } },
    { type: "Feature", geometry: null as never, properties: { message: "без місця" } },
  ]);
  const pixel = ({ lng, lat }: { lng: number; lat: number }) => ({ x: lng * 10, y: lat * 10 });
  expect(found.length).toBe(2);
  expect(nearest(found, pixel, { x: 45, y: 20 }, 10)?.text).toBe("друге");
  expect(nearest(found, pixel, { x: 12, y: 24 }, 10)?.text).toBe("перше");
  expect(nearest(found, pixel, { x: 30, y: 20 }, 10)).toBeNull();
});
