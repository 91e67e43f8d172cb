import { expect, test } from "vitest";
import { geometryBounds, geometryPieces } from "./outline";

const RING = [
  [30, 49],
  [30.1, 49],
  [30.1, 49.1],
  [30, 49],
];

test("a geometry becomes pieces in world pixels of the zoom, each polygon of a multipolygon its own", () => {
  const pieces = geometryPieces({ type: "MultiPolygon", coordinates: [[RING], [RING, RING]] }, 14);
  expect(pieces.map(({ geometry, parts, clip }) => [geometry, parts.length, clip])).toEqual([
    ["Polygon", 1, null],
    ["Polygon", 2, null],
  ]);
  const [x, y] = pieces[0]!.parts[0]!;
  expect(x).toBeCloseTo((30 / 360 + 0.5) * 512 * 2 ** 14, 6);
  const mercator = (1 - Math.asinh(Math.tan((49 * Math.PI) / 180)) / Math.PI) / 2;
  expect(y).toBeCloseTo(mercator * 512 * 2 ** 14, 4);
});

test("collections are unfolded and heights are ignored", () => {
  const pieces = geometryPieces(
    {
      type: "GeometryCollection",
      geometries: [
        { type: "Point", coordinates: [30, 49, 120] },
        { type: "MultiLineString", coordinates: [RING, RING] },
      ],
    },
    10,
  );
  expect(pieces.map(({ geometry, parts }) => [geometry, parts.map(({ length }) => length)])).toEqual([
    ["Point", [2]],
    ["LineString", [8, 8]],
  ]);
});

test("the box of a geometry covers all its parts, and an empty one has none", () => {
  expect(geometryBounds({ type: "Polygon", coordinates: [RING] })).toEqual([30, 49, 30.1, 49.1]);
  expect(geometryBounds({ type: "MultiPoint", coordinates: [] })).toBeNull();
});
