/** What the painter needs of a canvas; the worker's and the page's both are one. */
export type Context2D = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;
export type CanvasLike = HTMLCanvasElement | OffscreenCanvas;
export type MakeCanvas = (width: number, height: number) => CanvasLike;

/** Can this thread paint without the page? Safari before 16.4 has no 2D context there. */
export function offscreen2dWorks(): boolean {
  if (typeof OffscreenCanvas === "undefined" || typeof createImageBitmap === "undefined") return false;
  try {
    return new OffscreenCanvas(1, 1).getContext("2d") !== null;
  } catch {
    return false;
  }
}
