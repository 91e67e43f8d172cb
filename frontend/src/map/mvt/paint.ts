/** Paints decoded tiles on a canvas. Pure: the same code runs in the worker and, in old browsers, on the page. */
import type { CanvasLike, Context2D, MakeCanvas } from "./canvas";
import { type DecodedTile, POINT, POLYGON, type TileFeature } from "./decode";
import { PATTERN_PX, paintPattern, patternNamed } from "./patterns";
import type { Placement } from "./place";
import type { CompiledLayer } from "./style";

export interface PaintSource {
  readonly layers: readonly CompiledLayer[];
  readonly tile: DecodedTile;
  readonly place: Placement;
  /** Ids that are being edited elsewhere on the screen and must not be drawn twice. */
  readonly hidden: ReadonlySet<number>;
}

export interface PaintFrame {
  readonly zoom: number;
  /** Side of the canvas in device pixels. */
  readonly size: number;
  readonly ratio: number;
  readonly makeCanvas: MakeCanvas;
}

/** A stroke of very many vertices costs more than its parts: flush at this many. */
const BATCH_VERTICES = 3000;

/** Draws every style layer of one source except labels, lowest first. */
export function paintSource(ctx: Context2D, source: PaintSource, frame: PaintFrame): void {
  for (const layer of source.layers) {
    if (frame.zoom < layer.minzoom || frame.zoom >= layer.maxzoom) continue;
    if (layer.kind === "background") paintBackground(ctx, layer, frame);
    else if (layer.kind === "fill") paintFill(ctx, layer, source, frame);
    else if (layer.kind === "line") paintLine(ctx, layer, source, frame);
    else if (layer.kind === "circle") paintCircle(ctx, layer, source, frame);
  }
  ctx.globalAlpha = 1;
}

function paintBackground(ctx: Context2D, layer: CompiledLayer, frame: PaintFrame): void {
  const nothing = {} as TileFeature;
  ctx.globalAlpha = layer.number("background-opacity").bind(frame.zoom)(nothing);
  ctx.fillStyle = layer.color("background-color").bind(frame.zoom)(nothing);
  ctx.fillRect(0, 0, frame.size, frame.size);
}

function paintFill(ctx: Context2D, layer: CompiledLayer, source: PaintSource, frame: PaintFrame): void {
  const { zoom } = frame;
  const color = layer.color("fill-color").bind(zoom);
  const opacity = layer.number("fill-opacity").bind(zoom);
  const outline = layer.has("fill-outline-color") ? layer.color("fill-outline-color").bind(zoom) : null;
  const pattern = layer.has("fill-pattern") ? layer.text("fill-pattern").bind(zoom) : null;
  ctx.lineWidth = frame.ratio;
  ctx.setLineDash([]);
  for (const feature of drawn(layer, source, frame, frame.ratio)) {
    if (feature.type !== POLYGON) continue;
    if (pattern && tooSmallForHatch(feature, source.place, frame.ratio)) continue;
    const style = pattern ? hatch(ctx, pattern(feature), color(feature), frame) : color(feature);
    if (!style) continue;
    ctx.globalAlpha = opacity(feature);
    ctx.fillStyle = style;
    ctx.beginPath();
    trace(ctx, feature, source.place, true);
    ctx.fill("evenodd");
    if (outline) {
      ctx.strokeStyle = outline(feature);
      ctx.stroke();
    }
  }
}

/** Of a hatch on a sliver only specks would be seen. */
function tooSmallForHatch(
  { minX, minY, maxX, maxY }: TileFeature,
  { scale }: Placement,
  ratio: number,
): boolean {
  return (Math.min(maxX - minX, maxY - minY) * scale) / ratio < PATTERN_PX;
}

const hatches = new WeakMap<MakeCanvas, Map<string, CanvasLike>>();

/** The named hatch in the layer's `fill-color`; null when there is no such hatch. */
function hatch(ctx: Context2D, name: string, color: string, frame: PaintFrame): CanvasPattern | null {
  const known = patternNamed(name);
  if (!known) return null;
  const made = hatches.get(frame.makeCanvas) ?? new Map<string, CanvasLike>();
  hatches.set(frame.makeCanvas, made);
  const key = `${name} ${color} ${frame.ratio}`;
  const canvas = made.get(key) ?? paintPattern({ name: known, color }, frame.ratio, frame.makeCanvas);
  made.set(key, canvas);
  return ctx.createPattern(canvas, "repeat");
}

interface Stroke {
  readonly color: string;
  readonly width: number;
  readonly opacity: number;
  readonly dash: readonly number[];
  readonly cap: string;
  readonly join: string;
}

/** The stroke of a feature at one zoom; widths in device pixels. */
function strokeOf(layer: CompiledLayer, { zoom, ratio }: PaintFrame): (feature: TileFeature) => Stroke {
  const color = layer.color("line-color").bind(zoom);
  const width = layer.number("line-width").bind(zoom);
  const opacity = layer.number("line-opacity").bind(zoom);
  const dash = layer.numbers("line-dasharray").bind(zoom);
  const cap = layer.text("line-cap").bind(zoom);
  const join = layer.text("line-join").bind(zoom);
  return (feature) => ({
    color: color(feature),
    width: width(feature) * ratio,
    opacity: opacity(feature),
    dash: dash(feature),
    cap: cap(feature),
    join: join(feature),
  });
}

function sameStroke(a: Stroke, b: Stroke): boolean {
  return (
    a.color === b.color &&
    a.width === b.width &&
    a.opacity === b.opacity &&
    a.cap === b.cap &&
    a.join === b.join &&
    a.dash.length === b.dash.length &&
    a.dash.every((part, index) => part === b.dash[index])
  );
}

function beginStroke(ctx: Context2D, stroke: Stroke): void {
  ctx.beginPath();
  ctx.strokeStyle = stroke.color;
  ctx.globalAlpha = stroke.opacity;
  ctx.lineWidth = stroke.width;
  ctx.setLineDash(stroke.dash.map((part) => part * stroke.width));
  ctx.lineCap = stroke.cap as CanvasLineCap;
  ctx.lineJoin = stroke.join as CanvasLineJoin;
}

function paintLine(ctx: Context2D, layer: CompiledLayer, source: PaintSource, frame: PaintFrame): void {
  const look = strokeOf(layer, frame);
  let current: Stroke | null = null;
  let vertices = 0;
  for (const feature of drawn(layer, source, frame, 24 * frame.ratio)) {
    if (feature.type === POINT) continue;
    const stroke = look(feature);
    if (!(stroke.width > 0)) continue;
    // Neighbours that look the same are one stroke: faster, and a shared border is not drawn twice as dark.
    if (!current || vertices > BATCH_VERTICES || !sameStroke(current, stroke)) {
      if (current) ctx.stroke();
      beginStroke(ctx, stroke);
      current = stroke;
      vertices = 0;
    }
    trace(ctx, feature, source.place, feature.type === POLYGON);
    vertices += feature.coords.length / 2;
  }
  if (current) ctx.stroke();
}

function paintCircle(ctx: Context2D, layer: CompiledLayer, source: PaintSource, frame: PaintFrame): void {
  const { zoom, ratio } = frame;
  const { scale, dx, dy } = source.place;
  const radius = layer.number("circle-radius").bind(zoom);
  const color = layer.color("circle-color").bind(zoom);
  const opacity = layer.number("circle-opacity").bind(zoom);
  const strokeWidth = layer.number("circle-stroke-width").bind(zoom);
  const strokeColor = layer.color("circle-stroke-color").bind(zoom);
  const strokeOpacity = layer.number("circle-stroke-opacity").bind(zoom);
  ctx.setLineDash([]);
  for (const feature of drawn(layer, source, frame, 48 * ratio)) {
    if (feature.type !== POINT) continue;
    const border = strokeWidth(feature) * ratio;
    const r = radius(feature) * ratio;
    for (let i = 0; i < feature.coords.length; i += 2) {
      const x = feature.coords[i]! * scale + dx;
      const y = feature.coords[i + 1]! * scale + dy;
      ctx.beginPath();
      ctx.arc(x, y, r, 0, Math.PI * 2);
      ctx.globalAlpha = opacity(feature);
      ctx.fillStyle = color(feature);
      ctx.fill();
      if (border <= 0) continue;
      ctx.beginPath();
      ctx.arc(x, y, r + border / 2, 0, Math.PI * 2);
      ctx.globalAlpha = strokeOpacity(feature);
      ctx.strokeStyle = strokeColor(feature);
      ctx.lineWidth = border;
      ctx.stroke();
    }
  }
}

/** The features of a layer that touch the canvas, `margin` device pixels around it included. */
function* drawn(
  layer: CompiledLayer,
  source: PaintSource,
  frame: PaintFrame,
  margin: number,
): Generator<TileFeature> {
  const { scale, dx, dy } = source.place;
  const [low, high] = [-margin, frame.size + margin];
  const accepts = layer.accepts(frame.zoom);
  for (const feature of source.tile.features) {
    if (feature.maxX * scale + dx < low || feature.minX * scale + dx > high) continue;
    if (feature.maxY * scale + dy < low || feature.minY * scale + dy > high) continue;
    if (feature.id !== undefined && source.hidden.has(feature.id)) continue;
    if (accepts(feature)) yield feature;
  }
}

/** Adds the feature's parts to the current path. */
export function trace(ctx: Context2D, feature: TileFeature, place: Placement, close: boolean): void {
  const { scale, dx, dy } = place;
  const { coords, ends } = feature;
  let start = 0;
  for (const end of ends) {
    ctx.moveTo(coords[start]! * scale + dx, coords[start + 1]! * scale + dy);
    for (let i = start + 2; i < end; i += 2) ctx.lineTo(coords[i]! * scale + dx, coords[i + 1]! * scale + dy);
    if (close) ctx.closePath();
    start = end;
  }
}
