/** The signs of points, each with a form of its own besides its colour; the legend draws the same in CSS. */
import type { Context2D } from "../mvt/canvas";
import type { Mark } from "../sketch";

export const SIGN_PX = 7;
const EDGE = "#ffffff";
/** On the light paper of the map in both schemes; each has 4.5:1 or more to white. */
export const SIGN_COLOURS: Record<Mark, string> = {
  circle: "#0c5a86",
  square: "#a14b00",
  triangle: "#8c2a6e",
  added: "#1b6440",
  changed: "#0c5a86",
  before: "#6b5b95",
  removed: "#a11d24",
  issue: "#b35c00",
  outline: "#8c2a6e",
};

export function drawSign(ctx: Context2D, mark: Mark, x: number, y: number): void {
  ctx.beginPath();
  outline(ctx, mark, x, y);
  if (mark === "removed" || mark === "before") {
    stroke(ctx, EDGE, 5);
    stroke(ctx, SIGN_COLOURS[mark], 2.5);
    return;
  }
  stroke(ctx, EDGE, 3);
  ctx.fillStyle = SIGN_COLOURS[mark];
  ctx.fill();
}

function stroke(ctx: Context2D, colour: string, width: number): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

function outline(ctx: Context2D, mark: Mark, x: number, y: number): void {
  if (mark === "square") ctx.rect(x - 4.5, y - 4.5, 9, 9);
  else if (mark === "triangle" || mark === "issue") corners(ctx, [x, y - 6], [x + 6, y + 5], [x - 6, y + 5]);
  else if (mark === "changed") corners(ctx, [x, y - 6], [x + 6, y], [x, y + 6], [x - 6, y]);
  else if (mark === "removed") {
    ctx.moveTo(x - 5, y - 5);
    ctx.lineTo(x + 5, y + 5);
    ctx.moveTo(x + 5, y - 5);
    ctx.lineTo(x - 5, y + 5);
  } else ctx.arc(x, y, 4.5, 0, 2 * Math.PI);
}

function corners(ctx: Context2D, first: [number, number], ...others: [number, number][]): void {
  ctx.moveTo(...first);
  for (const corner of others) ctx.lineTo(...corner);
  ctx.closePath();
}
