/** Chooses and draws labels for the whole screen at once, so that none is cut at a tile's border. */
import { type LabelCandidate, type LabelLook, POINT_RANK } from "./candidates";
import type { Context2D } from "./canvas";

/** A candidate whose x and y are CSS pixels of the overlay. */
export type ScreenLabel = LabelCandidate;

export interface PlacedLabel {
  readonly label: ScreenLabel;
  readonly lines: readonly string[];
  /** Centre of the text block. */
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export type Measure = (text: string, look: LabelLook) => number;

export interface PlaceOptions {
  readonly width: number;
  readonly height: number;
  readonly measure: Measure;
  /** Keys (labelKey) of labels on the screen now: they keep their place, so that panning does not make text flicker. */
  readonly shown: ReadonlySet<string>;
}

export const LABEL_FONT = "Noto Sans";

export function fontOf(look: LabelLook): string {
  return `${look.italic ? "italic " : ""}${look.bold ? 700 : 400} ${look.size}px "${LABEL_FONT}", sans-serif`;
}

/** One label per feature, and per name of an unnumbered one that may lie in several tiles: a point does not. */
export function labelKey(label: ScreenLabel): string {
  return `${label.layer}/${label.feature ?? ""}/${label.text}`;
}

/**
 * Goes through the candidates by sort key, those already shown first, then larger pieces first, and keeps what
 * fits without touching an earlier one. The order does not depend on which tile arrived first.
 */
export function placeLabels(candidates: readonly ScreenLabel[], options: PlaceOptions): PlacedLabel[] {
  const grid = new Grid(options.width, options.height);
  const placed: PlacedLabel[] = [];
  const named = new Set<string>();
  const streets = new Map<string, PlacedLabel[]>();
  for (const label of ordered(candidates, options.shown)) {
    const key = labelKey(label);
    const repeats = streets.get(`${label.layer}/${label.text}`) ?? [];
    const isRepeated = named.has(key) && (label.feature !== undefined || label.rank < POINT_RANK);
    if (Number.isFinite(label.room) ? tooClose(label, repeats) : isRepeated) continue;
    const fitted = fitLabel(label, options.measure);
    if (!fitted) continue;
    const boxes = boxesOf(fitted, options.measure);
    if (!boxes.some((box) => grid.sees(box))) continue;
    if (!label.look.overlap && boxes.some((box) => grid.collides(box))) continue;
    for (const box of boxes) grid.add(box);
    named.add(key);
    streets.set(`${label.layer}/${label.text}`, [...repeats, fitted]);
    placed.push(fitted);
  }
  return placed;
}

function ordered(candidates: readonly ScreenLabel[], shown: ReadonlySet<string>): ScreenLabel[] {
  const known = new Map(candidates.map((label) => [label, shown.has(labelKey(label)) ? 0 : 1]));
  return [...candidates].sort(
    (a, b) =>
      a.sort - b.sort ||
      known.get(a)! - known.get(b)! ||
      b.rank - a.rank ||
      (a.feature ?? 0) - (b.feature ?? 0) ||
      a.x - b.x,
  );
}

function tooClose(label: ScreenLabel, others: readonly PlacedLabel[]): boolean {
  return others.some((other) => Math.hypot(other.x - label.x, other.y - label.y) < label.spacing);
}

function fitLabel(label: ScreenLabel, measure: Measure): PlacedLabel | null {
  if (Number.isFinite(label.room)) {
    const width = measure(label.text, label.look);
    return width > label.room ? null : { label, lines: [label.text], x: label.x, y: label.y };
  }
  const lines = breakLines(label.text, label.look, measure);
  const width = Math.max(...lines.map((line) => measure(line, label.look)));
  const height = lines.length * label.look.lineHeight;
  const [sx, sy] = anchorShift(label.anchor);
  const [ox, oy] = label.offset;
  return { label, lines, x: label.x + (sx * width) / 2 + ox, y: label.y + (sy * height) / 2 + oy };
}

/** "left" means that the text's left side is at the point, so its centre lies to the right. */
function anchorShift(anchor: string): [x: number, y: number] {
  const x = anchor.includes("left") ? 1 : anchor.includes("right") ? -1 : 0;
  const y = anchor.includes("top") ? 1 : anchor.includes("bottom") ? -1 : 0;
  return [x, y];
}

/** Breaks between words only; a single word wider than the limit stays whole. */
export function breakLines(text: string, look: LabelLook, measure: Measure): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(/\s+/)) {
      const longer = line ? `${line} ${word}` : word;
      if (line && measure(longer, look) > look.maxWidth) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    if (line) lines.push(line);
  }
  return lines;
}

/** An upright label is one box; a slanted one a chain of small boxes along its baseline. */
function boxesOf(placed: PlacedLabel, measure: Measure): Box[] {
  const { label, lines, x, y } = placed;
  const { look } = label;
  const width = Math.max(...lines.map((line) => measure(line, look))) + 2 * look.padding;
  const height = lines.length * look.lineHeight + 2 * look.padding;
  if (label.angle === 0) return [box(x, y, width, height)];
  const count = Math.max(1, Math.ceil(width / height));
  const step = width / count;
  return Array.from({ length: count }, (_, index) => {
    const along = (index + 0.5) * step - width / 2;
    return box(x + along * Math.cos(label.angle), y + along * Math.sin(label.angle), height, height);
  });
}

function box(x: number, y: number, width: number, height: number): Box {
  return { left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 };
}

const CELL = 64;

/** Boxes by the cells they touch, so that each new one is compared with its neighbours only. */
class Grid {
  private readonly cells = new Map<number, Box[]>();
  private readonly columns: number;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.columns = Math.ceil(width / CELL) + 2;
  }

  sees({ left, right, top, bottom }: Box): boolean {
    return right > 0 && left < this.width && bottom > 0 && top < this.height;
  }

  collides(box: Box): boolean {
    for (const cell of this.cellsOf(box)) {
      for (const other of this.cells.get(cell) ?? []) {
        if (
          box.left < other.right &&
          other.left < box.right &&
          box.top < other.bottom &&
          other.top < box.bottom
        )
          return true;
      }
    }
    return false;
  }

  add(box: Box): void {
    for (const cell of this.cellsOf(box)) {
      const list = this.cells.get(cell);
      if (list) list.push(box);
      else this.cells.set(cell, [box]);
    }
  }

  private *cellsOf({ left, right, top, bottom }: Box): Generator<number> {
    const clampX = (x: number) => Math.max(-1, Math.min(this.columns, Math.floor(x / CELL)));
    const clampY = (y: number) => Math.max(-1, Math.min(Math.ceil(this.height / CELL), Math.floor(y / CELL)));
    for (let row = clampY(top); row <= clampY(bottom); row++) {
      for (let column = clampX(left); column <= clampX(right); column++) {
        yield (row + 1) * (this.columns + 2) + column + 1;
      }
    }
  }
}

/** Halo under all text first, then the text, so that no halo covers a neighbour's letters. */
export function drawLabels(ctx: Context2D, placed: readonly PlacedLabel[]): void {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  for (const pass of ["halo", "text"] as const) {
    for (const item of placed) drawLabel(ctx, item, pass);
  }
  ctx.globalAlpha = 1;
}

function drawLabel(ctx: Context2D, { label, lines, x, y }: PlacedLabel, pass: "halo" | "text"): void {
  const { look } = label;
  if (pass === "halo" && look.haloWidth <= 0) return;
  ctx.save();
  ctx.translate(x, y);
  if (label.angle !== 0) ctx.rotate(label.angle);
  ctx.font = fontOf(look);
  ctx.globalAlpha = look.opacity;
  ctx.fillStyle = look.color;
  ctx.strokeStyle = look.halo;
  ctx.lineWidth = look.haloWidth * 2;
  lines.forEach((line, index) => {
    const dy = (index - (lines.length - 1) / 2) * look.lineHeight;
    if (pass === "halo") ctx.strokeText(line, 0, dy);
    else ctx.fillText(line, 0, dy);
  });
  ctx.restore();
}

/** Measures with a canvas and remembers: the same street name is asked for at every move of the map. */
export function canvasMeasure(ctx: Context2D): Measure {
  const known = new Map<string, number>();
  return (text, look) => {
    const font = fontOf(look);
    const key = `${font}\n${text}`;
    let width = known.get(key);
    if (width === undefined) {
      ctx.font = font;
      width = ctx.measureText(text).width;
      if (known.size > 5000) known.clear();
      known.set(key, width);
    }
    return width;
  };
}
