import { expect, test } from "vitest";
import {
  drawKinds,
  moveVertex,
  parseDegrees,
  parsePlace,
  positionsOf,
  removeVertex,
  vertexAt,
} from "./geometry";
import { nudged, withoutVertex } from "./handles";

const RING = [
  [30, 50],
  [31, 50],
  [31, 51],
  [30, 51],
  [30, 50],
];
const AREA: GeoJSON.Polygon = { type: "Polygon", coordinates: [RING] };
const PARTS: GeoJSON.MultiPolygon = {
  type: "MultiPolygon",
  coordinates: [[RING], [RING.map(([x, y]) => [x! + 5, y!])]],
};
const LINE: GeoJSON.LineString = { type: "LineString", coordinates: RING.slice(0, 3) };
const POINT: GeoJSON.Point = { type: "Point", coordinates: [30, 50] };

test("a ring's closing vertex is not counted twice", () => {
  expect(positionsOf(AREA)).toHaveLength(4);
  expect(positionsOf(PARTS)).toHaveLength(8);
  expect(positionsOf(LINE)).toHaveLength(3);
  expect(positionsOf(POINT)).toEqual([{ path: [], at: [30, 50] }]);
});

test("moving the first vertex of a ring keeps the ring closed and the rest untouched", () => {
  const moved = moveVertex(AREA, [0, 0], [29.5, 49.5]) as GeoJSON.Polygon;
  expect(moved.coordinates[0]).toEqual([[29.5, 49.5], ...RING.slice(1, 4), [29.5, 49.5]]);
  expect(AREA.coordinates[0]).toEqual(RING);
  const second = moveVertex(PARTS, [1, 0, 2], [40, 52]) as GeoJSON.MultiPolygon;
  expect(second.coordinates[0]).toEqual(PARTS.coordinates[0]);
  expect(second.coordinates[1]![0]![2]).toEqual([40, 52]);
  expect(moveVertex(POINT, [], [1, 2])).toEqual({ type: "Point", coordinates: [1, 2] });
});

test("a ring stays closed without its first vertex, and is never less than a triangle", () => {
  const triangle = removeVertex(AREA, [0, 0]) as GeoJSON.Polygon;
  expect(triangle.coordinates[0]).toEqual([...RING.slice(1, 4), RING[1]]);
  expect(removeVertex(triangle, [0, 1])).toBeNull();
  expect((removeVertex(LINE, [1]) as GeoJSON.LineString).coordinates).toEqual([RING[0], RING[2]]);
  expect(removeVertex({ ...LINE, coordinates: RING.slice(0, 2) }, [0])).toBeNull();
});

test("a vertex is found by its exact place only", () => {
  expect(vertexAt(PARTS, [36, 51])).toEqual([1, 0, 2]);
  expect(vertexAt(PARTS, [36, 51.0000001])).toBeNull();
});

test("a nudge moves by the pixels asked for, not to the pixel grid", () => {
  const map = {
    toPixel: ({ lng, lat }: { lng: number; lat: number }) => ({
      x: Math.round(lng * 10),
      y: Math.round(-lat * 10),
    }),
    toLngLat: ({ x, y }: { x: number; y: number }) => ({ lng: x / 10, lat: -y / 10 }),
  };
  const line: GeoJSON.LineString = {
    type: "LineString",
    coordinates: [
      [30.0123, 50],
      [31, 50],
    ],
  };
  const moved = nudged(line, [30.0123, 50], [1, 0], map)!;
  expect(moved.at[0]).toBeCloseTo(30.1123, 12);
  expect(positionsOf(moved.geometry)[0]!.at).toEqual(moved.at);
  expect(nudged(line, [1, 1], [1, 0], map)).toBeNull();
});

test("the last vertices stay, and to remove a point's only one is to remove the point", () => {
  expect(withoutVertex(POINT, [30, 50])).toBe("all");
  expect(withoutVertex({ ...LINE, coordinates: RING.slice(0, 2) }, [30, 50])).toBe("fewest");
  expect(withoutVertex(LINE, [1, 1])).toBeNull();
});

test.each([
  ["29,2431", 29.2431],
  [" 48.68° ", 48.68],
  ["−29.5", -29.5],
  ["+7", 7],
  ["29°14′", null],
  ["", null],
  ["1e3", null],
  ["29.2.4", null],
])("“%s” is %s degrees", (text, degrees) => {
  expect(parseDegrees(text)).toBe(degrees);
});

test("typed coordinates are a place, or it is told what is wrong with them", () => {
  const box = [29, 48, 30, 49] as const;
  expect(parsePlace("29,5", "48,5", box)).toEqual([29.5, 48.5]);
  expect(parsePlace("48.5", "29.5", box)).toBe("swapped");
  expect(parsePlace("35", "50", box)).toEqual([35, 50]);
  expect(parsePlace("29.5", "північ", box)).toBe("number");
  expect(parsePlace("190", "48", box)).toBe("outside");
  expect(parsePlace("29", "86", box)).toBe("outside");
});

test("a layer of any geometry lets all three be drawn", () => {
  expect(drawKinds("Geometry")).toEqual(["Point", "LineString", "Polygon"]);
  expect(drawKinds("LineString")).toEqual(["LineString"]);
});
