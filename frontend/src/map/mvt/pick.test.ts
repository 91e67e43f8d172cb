import fc from "fast-check";
import { expect, test } from "vitest";
import { feature, NOTHING_HIDDEN, square, styled, tileOf } from "../../../dev/testing";
import type { TileFeature } from "./decode";
import { contains, pick } from "./pick";
import type { CompiledLayer } from "./style";

const FILL = styled({ type: "fill", paint: { "fill-color": "#abcdef" } });
const place = { scale: 512 / 4096, dx: 0, dy: 0 };

function at(
  layers: CompiledLayer[],
  features: TileFeature[],
  x: number,
  y: number,
  tolerance = 6,
  hidden = NOTHING_HIDDEN,
) {
  return pick({ layers, tile: tileOf(...features), place, hidden }, 14, x, y, tolerance).map(({ id }) => id);
}

/** A star-shaped polygon around a centre: never crosses itself, often far from convex. */
const star = fc
  .record({
    x: fc.integer({ min: 600, max: 3400 }),
    y: fc.integer({ min: 600, max: 3400 }),
    radii: fc.array(fc.integer({ min: 60, max: 550 }), { minLength: 3, maxLength: 24 }),
  })
  .map(({ x, y, radii }) => {
    const ring = radii.map((radius, index): [number, number] => {
      const angle = (index / radii.length) * 2 * Math.PI;
      return [Math.round(x + radius * Math.cos(angle)), Math.round(y + radius * Math.sin(angle))];
    });
    return { ring, centre: [x, y] as const };
  });

test("a click on a point inside a polygon picks that polygon", () => {
  fc.assert(
    fc.property(
      star,
      fc.double({ min: 0, max: 0.9, noNaN: true }),
      fc.nat(),
      ({ ring, centre }, share, corner) => {
        // From the centre some way towards a corner: inside, because the polygon is star-shaped.
        const [cx, cy] = ring[corner % ring.length]!;
        const [x, y] = [centre[0] + (cx - centre[0]) * share, centre[1] + (cy - centre[1]) * share];
        fc.pre(contains(feature(5, 3, [ring]), x, y));
        expect(at(FILL, [feature(5, 3, [ring])], x * place.scale, y * place.scale)).toEqual([5]);
      },
    ),
    { numRuns: 500 },
  );
});

test("a point halfway to a corner of a star-shaped polygon is inside it", () => {
  fc.assert(
    fc.property(star, fc.nat(), ({ ring, centre }, corner) => {
      const [cx, cy] = ring[corner % ring.length]!;
      expect(contains(feature(1, 3, [ring]), (centre[0] + cx) / 2 + 0.01, (centre[1] + cy) / 2 + 0.007)).toBe(
        true,
      );
    }),
    { numRuns: 300 },
  );
});

test("a point in a hole is not in the polygon", () => {
  const ring: [number, number][] = [
    [0, 0],
    [1000, 0],
    [1000, 1000],
    [0, 1000],
  ];
  const hole: [number, number][] = [
    [400, 400],
    [400, 600],
    [600, 600],
    [600, 400],
  ];
  const ringed = feature(1, 3, [ring, hole]);
  expect(at(FILL, [ringed], 500 * place.scale, 500 * place.scale)).toEqual([]);
  expect(at(FILL, [ringed], 100 * place.scale, 100 * place.scale)).toEqual([1]);
});

test("of two parcels that share a border only the one that holds the point is picked", () => {
  const layers = styled({ type: "fill", paint: {} }, { type: "line", paint: { "line-width": 2 } });
  const parcels = [square(1, 0, 0, 1000), square(2, 1000, 0, 1000)];
  expect(at(layers, parcels, 1010 * place.scale, 500 * place.scale)).toEqual([2]);
});

test("an area that is only outlined is picked near its outline and not in its middle", () => {
  const layers = styled({ type: "line", paint: { "line-width": 2 } });
  expect(at(layers, [square(1, 0, 0, 2000)], 2000 * place.scale + 5, 100)).toEqual([1]);
  expect(at(layers, [square(1, 0, 0, 2000)], 125, 125)).toEqual([]);
});

test("a finger reaches sixteen pixels around a point, a mouse six", () => {
  const layers = styled({ type: "circle", paint: { "circle-radius": 0 } });
  const points = [feature(1, 1, [[[800, 800]]])];
  expect(at(layers, points, 100 + 12, 100, 6)).toEqual([]);
  expect(at(layers, points, 100 + 12, 100, 16)).toEqual([1]);
});

test("a thick line and a large circle are hit anywhere on their ink", () => {
  const road = styled({ type: "line", paint: { "line-width": 20 } });
  expect(
    at(
      road,
      [
        feature(1, 2, [
          [
            [0, 800],
            [4096, 800],
          ],
        ]),
      ],
      200,
      100 + 9.5,
      0,
    ),
  ).toEqual([1]);
  const circle = styled({ type: "circle", paint: { "circle-radius": 9, "circle-stroke-width": 2 } });
  expect(at(circle, [feature(2, 1, [[[800, 800]]])], 100, 110.5, 0)).toEqual([2]);
});

test("points come before lines, lines before areas, and what is drawn later comes first", () => {
  const layers = styled(
    { type: "fill", paint: {} },
    { type: "line", paint: {} },
    { type: "circle", paint: {} },
  );
  const features = [
    square(1, 0, 0, 2000),
    square(2, 0, 0, 2000),
    feature(3, 2, [
      [
        [0, 800],
        [2000, 800],
      ],
    ]),
    feature(4, 1, [[[800, 800]]]),
  ];
  expect(at(layers, features, 100, 100)).toEqual([4, 3, 2, 1]);
});

test("what is hidden, filtered out, out of scale or without an id is not picked", () => {
  const filtered = styled({ type: "fill", filter: ["==", ["get", "own"], "100"], paint: {} });
  expect(at(filtered, [square(1, 0, 0, 2000, { own: "200" })], 100, 100)).toEqual([]);
  expect(at(styled({ type: "fill", minzoom: 15, paint: {} }), [square(1, 0, 0, 2000)], 100, 100)).toEqual([]);
  expect(at(FILL, [square(1, 0, 0, 2000)], 100, 100, 6, new Set([1]))).toEqual([]);
  expect(at(FILL, [{ ...square(1, 0, 0, 2000), id: undefined }], 100, 100)).toEqual([]);
});
