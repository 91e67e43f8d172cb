/** Hatches for `fill-pattern`: the second cue beside colour, for those who do not tell the colours apart. */
import type { CanvasLike, Context2D } from "./canvas";

export const PATTERN_NAMES = [
  "hatch45",
  "hatch135",
  "cross",
  "dots",
  "horizontal",
  "vertical",
  "grid",
] as const;
export type PatternName = (typeof PATTERN_NAMES)[number];

export interface Pattern {
  readonly name: PatternName;
  readonly color: string;
}

/** CSS pixels. Divides the tile's side, so a hatch runs on across tile borders. */
export const PATTERN_PX = 8;

/** The hatch of that name, or null: "" is the style's word for none. */
export function patternNamed(name: string): PatternName | null {
  return PATTERN_NAMES.find((known) => known === name) ?? null;
}

type Segment = readonly [x1: number, y1: number, x2: number, y2: number];

/** Lines in a square of PATTERN_PX; diagonals overrun its corners so that repeats join. */
export function patternSegments(name: PatternName): readonly Segment[] {
  const s = PATTERN_PX;
  const rising: Segment[] = [
    [-1, 1, 1, -1],
    [-1, s + 1, s + 1, -1],
    [s - 1, s + 1, s + 1, s - 1],
  ];
  const falling = rising.map(([x1, y1, x2, y2]): Segment => [s - x1, y1, s - x2, y2]);
  const level: Segment[] = [[0, s / 2, s, s / 2]];
  const upright: Segment[] = [[s / 2, 0, s / 2, s]];
  const shapes: Record<PatternName, readonly Segment[]> = {
    hatch45: rising,
    hatch135: falling,
    cross: [...rising, ...falling],
    dots: [],
    horizontal: level,
    vertical: upright,
    grid: [...level, ...upright],
  };
  return shapes[name];
}

export function paintPattern(
  pattern: Pattern,
  ratio: number,
  makeCanvas: (width: number, height: number) => CanvasLike,
): CanvasLike {
  const side = Math.round(PATTERN_PX * ratio);
  const canvas = makeCanvas(side, side);
  const ctx = canvas.getContext("2d") as Context2D;
  ctx.setTransform(side / PATTERN_PX, 0, 0, side / PATTERN_PX, 0, 0);
  ctx.strokeStyle = pattern.color;
  ctx.fillStyle = pattern.color;
  ctx.lineWidth = 1.1;
  ctx.beginPath();
  for (const [x1, y1, x2, y2] of patternSegments(pattern.name)) {
    ctx.moveTo(x1, y1);
    ctx.lineTo(x2, y2);
  }
  ctx.stroke();
  if (pattern.name === "dots") {
    ctx.beginPath();
    ctx.arc(PATTERN_PX / 2, PATTERN_PX / 2, 1.2, 0, Math.PI * 2);
    ctx.fill();
  }
  return canvas;
}
