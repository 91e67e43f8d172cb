import { expect, test } from "vitest";
import { feature, NOTHING_HIDDEN, square, styled, tileOf } from "../../../dev/testing";
import type { CanvasLike, Context2D } from "./canvas";
import type { TileFeature } from "./decode";
import { paintSource } from "./paint";
import type { CompiledLayer } from "./style";

/** A canvas that writes down what is drawn on it: one line a fill or stroke, with the state it was drawn in. */
function recorder() {
  const log: string[] = [];
  let path: string[] = [];
  const at = (...numbers: number[]) => numbers.map((number) => Math.round(number * 100) / 100).join(" ");
  const ctx = {
    globalAlpha: 1,
    fillStyle: "" as unknown,
    strokeStyle: "",
    lineWidth: 1,
    lineCap: "butt",
    lineJoin: "miter",
    dash: [] as number[],
    setLineDash: (dash: number[]) => {
      ctx.dash = dash;
    },
    beginPath: () => {
      path = [];
    },
    moveTo: (x: number, y: number) => path.push(`M${at(x, y)}`),
    lineTo: (x: number, y: number) => path.push(`L${at(x, y)}`),
    closePath: () => path.push("Z"),
    arc: (x: number, y: number, r: number) => path.push(`O${at(x, y, r)}`),
    fill: (rule = "nonzero") =>
      log.push(`fill ${rule} ${ctx.fillStyle} @${ctx.globalAlpha} ${path.join("")}`),
    stroke: () => {
      const dash = ctx.dash.length > 0 ? ` dash ${ctx.dash.join(",")}` : "";
      const ends = ctx.lineCap === "butt" ? "" : ` ${ctx.lineCap}`;
      log.push(
        `stroke ${ctx.strokeStyle} ${ctx.lineWidth}px${dash}${ends} @${ctx.globalAlpha} ${path.join("")}`,
      );
    },
    fillRect: (...box: number[]) => log.push(`rect ${ctx.fillStyle} @${ctx.globalAlpha} ${at(...box)}`),
    createPattern: (image: { name: string }) => `pattern(${image.name})`,
    setTransform: () => undefined,
  };
  return { ctx: ctx as unknown as Context2D, log };
}

function painted(
  layers: CompiledLayer[],
  features: TileFeature[],
  { zoom = 14, ratio = 1, hidden = NOTHING_HIDDEN } = {},
) {
  const { ctx, log } = recorder();
  const size = 512 * ratio;
  const patterns: string[] = [];
  const makeCanvas = (width: number) => {
    const drawing = recorder();
    return { name: `${width}px`, getContext: () => drawing.ctx, patterns } as unknown as CanvasLike;
  };
  const place = { scale: size / 4096, dx: 0, dy: 0 };
  paintSource(ctx, { layers, tile: tileOf(...features), place, hidden }, { zoom, size, ratio, makeCanvas });
  return log;
}

test("a polygon with a hole is filled by the even-odd rule, ring after ring", () => {
  const layers = styled({ type: "fill", paint: { "fill-color": "#ff8800", "fill-opacity": 0.5 } });
  const hole: [number, number][] = [
    [160, 160],
    [160, 320],
    [320, 320],
  ];
  const ringed = feature(1, 3, [
    [
      [80, 80],
      [800, 80],
      [800, 800],
    ],
    hole,
  ]);
  expect(painted(layers, [ringed])).toEqual([
    "fill evenodd rgba(255,136,0,1) @0.5 M10 10L100 10L100 100ZM20 20L20 40L40 40Z",
  ]);
});

test("fill-outline-color adds a hairline around each polygon", () => {
  const layers = styled({ type: "fill", paint: { "fill-color": "#fff", "fill-outline-color": "#000" } });
  expect(painted(layers, [square(1, 0, 0, 80)], { ratio: 2 })).toEqual([
    "fill evenodd rgba(255,255,255,1) @1 M0 0L20 0L20 20L0 20Z",
    "stroke rgba(0,0,0,1) 2px @1 M0 0L20 0L20 20L0 20Z",
  ]);
});

test("a hatch fills with a pattern in the screen's density, and the empty name draws nothing", () => {
  const paint = { "fill-color": "#334455", "fill-pattern": ["match", ["get", "own"], "200", "hatch45", ""] };
  const features = [square(1, 0, 0, 80, { own: "200" }), square(2, 800, 0, 80, { own: "100" })];
  expect(painted(styled({ type: "fill", paint }), features, { ratio: 2 })).toEqual([
    "fill evenodd pattern(16px) @1 M0 0L20 0L20 20L0 20Z",
  ]);
});

test("a polygon smaller than the hatch's own pattern is not hatched", () => {
  const layers = styled({ type: "fill", paint: { "fill-color": "#000", "fill-pattern": "hatch45" } });
  expect(painted(layers, [square(1, 0, 0, 56)])).toEqual([]);
  expect(painted(layers, [square(1, 0, 0, 72)])).toHaveLength(1);
});

test("neighbours of one look are one stroke, another look begins a new one", () => {
  const paint = {
    "line-color": ["match", ["get", "kind"], "main", "#ff0000", "#0000ff"],
    "line-width": ["match", ["get", "kind"], "main", 4, 2],
    "line-dasharray": [3, 1],
  };
  const line = (id: number, y: number, kind: string) =>
    feature(
      id,
      2,
      [
        [
          [0, y],
          [800, y],
        ],
      ],
      { kind },
    );
  expect(
    painted(styled({ type: "line", paint }), [line(1, 8, "side"), line(2, 16, "side"), line(3, 24, "main")]),
  ).toEqual([
    "stroke rgba(0,0,255,1) 2px dash 6,2 @1 M0 1L100 1M0 2L100 2",
    "stroke rgba(255,0,0,1) 4px dash 12,4 @1 M0 3L100 3",
  ]);
});

test("a line layer outlines polygons too, closed", () => {
  const layers = styled({ type: "line", layout: { "line-cap": "round", "line-join": "round" }, paint: {} });
  expect(painted(layers, [square(1, 0, 0, 80)])).toEqual([
    "stroke rgba(0,0,0,1) 1px round @1 M0 0L10 0L10 10L0 10Z",
  ]);
});

test("a line of width 0 is not drawn", () => {
  expect(painted(styled({ type: "line", paint: { "line-width": 0 } }), [square(1, 0, 0, 80)])).toEqual([]);
});

test("a circle has its border outside its radius, at every point of a multipoint", () => {
  const paint = {
    "circle-radius": 5,
    "circle-color": "#008000",
    "circle-stroke-width": 2,
    "circle-stroke-color": "#fff",
  };
  expect(
    painted(styled({ type: "circle", paint }), [
      feature(1, 1, [
        [
          [80, 80],
          [160, 80],
        ],
      ]),
    ]),
  ).toEqual([
    "fill nonzero rgba(0,128,0,1) @1 O10 10 5",
    "stroke rgba(255,255,255,1) 2px @1 O10 10 6",
    "fill nonzero rgba(0,128,0,1) @1 O20 10 5",
    "stroke rgba(255,255,255,1) 2px @1 O20 10 6",
  ]);
});

test("a background covers the tile whatever is in it", () => {
  const layers = styled({ type: "background", paint: { "background-color": "#eeeeee" } });
  expect(painted(layers, [])).toEqual(["rect rgba(238,238,238,1) @1 0 0 512 512"]);
});

test("layers are drawn in their order and only at their zooms", () => {
  const layers = styled(
    { type: "fill", paint: { "fill-color": "#010101" } },
    { type: "fill", minzoom: 15, paint: { "fill-color": "#020202" } },
    { type: "line", maxzoom: 15, paint: { "line-color": "#030303" } },
  );
  const colors = painted(layers, [square(1, 0, 0, 80)]).map((line) => line.match(/rgba\((\d)/)?.[1]);
  expect(colors).toEqual(["1", "3"]);
});

test("hidden features and those beyond the tile are left out", () => {
  const layers = styled({ type: "fill", paint: {} });
  const features = [square(1, 0, 0, 80), square(2, 80, 0, 80), square(3, 5000, 0, 80)];
  expect(painted(layers, features, { hidden: new Set([1]) })).toEqual([
    "fill evenodd rgba(0,0,0,1) @1 M10 0L20 0L20 10L10 10Z",
  ]);
});
