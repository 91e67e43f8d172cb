import { expect, test } from "vitest";
import { feature, NOTHING_HIDDEN, square, styled, tileOf } from "../../../dev/testing";
import { longestStretch, polygonAnchor } from "./anchors";
import { proposeLabels } from "./candidates";
import type { TileFeature } from "./decode";
import { contains } from "./pick";

const NAME = { "text-field": ["get", "name"], "text-size": 10 };
const PLACE = { scale: 512 / 4096, dx: 0, dy: 0 };

function propose(features: TileFeature[], layout: object = NAME, place = PLACE) {
  const layers = styled({ type: "symbol", layout: layout as Record<string, unknown> });
  return proposeLabels(
    { name: "demo.x", layers, tile: tileOf(...features), place, hidden: NOTHING_HIDDEN },
    14,
  );
}

test("a point's label is at the point, in pixels of the tile", () => {
  const [label] = propose([feature(3, 1, [[[800, 1600]]], { name: "Школа" })]);
  expect(label).toMatchObject({ layer: "demo.x", feature: 3, text: "Школа", x: 100, y: 200, angle: 0 });
});

test("a feature without text, or with blanks only, has no label", () => {
  expect(propose([feature(3, 1, [[[8, 8]]], { name: "  " }), feature(4, 1, [[[8, 8]]])])).toEqual([]);
});

test("a point in the margin is left to the tile it lies in", () => {
  expect(propose([feature(3, 1, [[[-4, 100]]], { name: "Школа" })])).toEqual([]);
  expect(propose([feature(3, 1, [[[4096, 100]]], { name: "Школа" })])).toEqual([]);
});

test("of an enlarged tile only the part on the screen proposes", () => {
  const place = { scale: 1024 / 4096, dx: -512, dy: 0 };
  const points = [
    feature(1, 1, [[[100, 100]]], { name: "зліва" }),
    feature(2, 1, [[[3000, 100]]], { name: "справа" }),
  ];
  expect(propose(points, NAME, place).map(({ text }) => text)).toEqual(["справа"]);
});

test("a street's name lies along its longest straight stretch and never upside down", () => {
  const layout = { ...NAME, "symbol-placement": "line" };
  const street = feature(
    1,
    2,
    [
      [
        [3000, 1000],
        [1000, 1000],
        [1000, 1400],
      ],
    ],
    { name: "Соборна" },
  );
  const [label] = propose([street], layout);
  expect(label).toMatchObject({ x: 250, y: 125, room: 250 });
  expect(Math.abs(label!.angle)).toBeCloseTo(0);
});

test("a gentle bend does not end a stretch, a corner does, and what lies outside the tile is not counted", () => {
  const gentle = feature(1, 2, [
    [
      [0, 0],
      [1000, 50],
      [2000, 150],
    ],
  ]);
  expect(longestStretch(gentle, 4096)?.length).toBeCloseTo(Math.hypot(2000, 150), 0);
  const corner = feature(1, 2, [
    [
      [0, 10],
      [1000, 10],
      [1000, 3000],
    ],
  ]);
  expect(longestStretch(corner, 4096)?.length).toBe(2990);
  const leaving = feature(1, 2, [
    [
      [2048, 100],
      [8000, 100],
    ],
  ]);
  expect(longestStretch(leaving, 4096)).toMatchObject({ length: 2048, x: 3072 });
});

test("an area's label is inside it, in the arm of an L too", () => {
  const l = feature(1, 3, [
    [
      [0, 0],
      [4000, 0],
      [4000, 400],
      [400, 400],
      [400, 4000],
      [0, 4000],
    ],
  ]);
  const anchor = polygonAnchor(l)!;
  expect(contains(l, anchor.x, anchor.y + 0.01)).toBe(true);
});

test("an area's label avoids its hole", () => {
  const hole: [number, number][] = [
    [400, 400],
    [400, 3600],
    [3600, 3600],
    [3600, 400],
  ];
  const ringed = feature(1, 3, [
    [
      [0, 0],
      [4000, 0],
      [4000, 4000],
      [0, 4000],
    ],
    hole,
  ]);
  const anchor = polygonAnchor(ringed)!;
  expect(contains(ringed, anchor.x, anchor.y + 0.01)).toBe(true);
});

test("a polygon crushed to a line has no place for a label", () => {
  expect(
    polygonAnchor(
      feature(1, 3, [
        [
          [0, 0],
          [100, 0],
          [50, 0],
        ],
      ]),
    ),
  ).toBeNull();
});

test("the larger piece of a feature ranks higher, and letters can be made capital", () => {
  const small = propose([square(1, 0, 0, 100, { name: "їжак" })], { ...NAME, "text-transform": "uppercase" });
  const large = propose([square(1, 0, 0, 2000, { name: "їжак" })]);
  expect(large[0]!.rank).toBeGreaterThan(small[0]!.rank);
  expect(small[0]!.text).toBe("ЇЖАК");
});
