/**
 * The tile engine: knows the layers, fetches and decodes their tiles, paints them into one picture per tile and
 * answers what is where. One picture for all layers, because fifteen canvases a tile would not fit in a phone.
 */
import { type LabelCandidate, proposeLabels } from "./candidates";
import type { CanvasLike, Context2D, MakeCanvas } from "./canvas";
import type { DecodedTile } from "./decode";
import { LOADER_DEFAULTS, type LoaderOptions, TileLoader } from "./loader";
import { type PaintFrame, paintSource } from "./paint";
import {
  boxesMeet,
  enclosing,
  placeTile,
  sourceTile,
  TILE_PX,
  type TileCoord,
  tileBounds,
  tileKey,
} from "./place";
import type { Answers, FromEngine, Question, SourcePatch, TileSource, ToEngine } from "./protocol";
import { answerInView, answerOutline, answerPick, type ScreenPart } from "./questions";
import { type CompiledLayer, compileStyle, drawsAt } from "./style";
import { TileVersions, type Version } from "./versions";

export interface EngineHost {
  readonly fetch: LoaderOptions["fetch"];
  readonly makeCanvas: MakeCanvas;
  /** Turns the painted canvas into what the page shows; the canvas may be handed over or reused. */
  readonly toImage: (canvas: CanvasLike) => ImageBitmap | HTMLCanvasElement;
  readonly post: (message: FromEngine) => void;
  readonly loader?: Partial<LoaderOptions>;
}

interface Source {
  spec: TileSource;
  layers: readonly CompiledLayer[];
  hidden: ReadonlySet<number>;
  versions: TileVersions;
}

/** One layer of one tile on the screen. `tile` may be the previous version while the new one is on its way. */
interface Part {
  url: string;
  at: TileCoord;
  tile: DecodedTile | null;
  state: "pending" | "ready" | "failed";
  release: () => void;
}

interface Job {
  readonly coord: TileCoord;
  ratio: number;
  readonly parts: Map<string, Part>;
  timer: ReturnType<typeof setTimeout> | null;
}

interface DrawnPart extends ScreenPart {
  readonly opacity: number;
}

/** A tile waits this long for its slower layers before it is shown with those that are there. */
const PATIENCE_MS = 120;

/** Base layers are veiled with the colour of the page's paper, so that the data stands out. */
const VEIL = "rgba(246, 245, 241, 0.3)";

export class TileEngine {
  private sources: Source[] = [];
  private readonly jobs = new Map<string, Job>();
  private readonly loader: TileLoader;
  private readonly queue = new Set<Job>();
  private painting = false;

  constructor(private readonly host: EngineHost) {
    this.loader = new TileLoader({ ...LOADER_DEFAULTS, fetch: host.fetch, ...host.loader });
  }

  handle(message: ToEngine): void {
    if (message.type === "sources") this.setSources(message.sources);
    else if (message.type === "patch") this.patch(message.name, message.patch);
    else if (message.type === "tile") this.wantTile(message.coord, message.ratio);
    else if (message.type === "drop") this.dropTile(message.coord);
    else if (message.type === "retry") this.retry();
    else this.host.post({ type: "answer", id: message.id, answer: this.answer(message.question) });
  }

  private setSources(specs: readonly TileSource[]): void {
    const hidden = new Map(this.sources.map((source) => [source.spec.name, source.hidden]));
    this.sources = specs.map((spec) => ({
      spec,
      layers: compileStyle(spec.style),
      hidden: hidden.get(spec.name) ?? new Set(),
      versions: new TileVersions(spec.version),
    }));
    for (const job of this.jobs.values()) this.refreshJob(job);
  }

  private patch(name: string, { hidden, changed, ...changes }: SourcePatch): void {
    const source = this.sources.find(({ spec }) => spec.name === name);
    if (!source) return;
    source.spec = { ...source.spec, ...changes };
    if (hidden) source.hidden = new Set(hidden);
    if (changes.version !== undefined) source.versions.restart(changes.version);
    if (changed) {
      source.versions.add(changed);
      const { bounds } = source.spec;
      source.spec = { ...source.spec, bounds: bounds && enclosing(bounds, changed.boxes) };
    }
    for (const job of this.jobs.values()) this.refreshJob(job);
  }

  private wantTile(coord: TileCoord, ratio: number): void {
    const key = tileKey(coord);
    let job = this.jobs.get(key);
    if (!job) {
      job = { coord, ratio, parts: new Map(), timer: null };
      this.jobs.set(key, job);
    }
    job.ratio = ratio;
    this.refreshJob(job);
  }

  private dropTile(coord: TileCoord): void {
    const job = this.jobs.get(tileKey(coord));
    if (!job) return;
    for (const part of job.parts.values()) part.release();
    if (job.timer) clearTimeout(job.timer);
    this.queue.delete(job);
    this.jobs.delete(tileKey(coord));
  }

  private retry(): void {
    for (const job of this.jobs.values()) {
      for (const [name, part] of job.parts) if (part.state === "failed") job.parts.delete(name);
      this.refreshJob(job);
    }
  }

  /** Starts what is missing, lets go of what is no longer wanted, and paints. */
  private refreshJob(job: Job): void {
    const wanted = new Set<string>();
    for (const source of this.sources) {
      if (!isWanted(source, job.coord)) continue;
      wanted.add(source.spec.name);
      this.startPart(job, source);
    }
    for (const [name, part] of job.parts) {
      if (wanted.has(name)) continue;
      part.release();
      job.parts.delete(name);
    }
    this.paintSoon(job);
  }

  private startPart(job: Job, { spec, versions }: Source): void {
    const at = sourceTile(job.coord, spec.maxzoom);
    const url = tileUrl(spec, versions.at(at), at);
    const old = job.parts.get(spec.name);
    if (old?.url === url) return;
    old?.release();
    const cached = this.loader.cached(url);
    if (cached) {
      job.parts.set(spec.name, { url, at, tile: cached, state: "ready", release: () => undefined });
      return;
    }
    const { result, release } = this.loader.load(url, spec.name);
    const part: Part = { url, at, tile: old?.tile ?? null, state: "pending", release };
    job.parts.set(spec.name, part);
    const settle = (change: Partial<Part>) => {
      if (job.parts.get(spec.name) !== part) return;
      Object.assign(part, change);
      this.paintSoon(job);
    };
    result.then(
      (tile) => settle({ tile, state: "ready" }),
      () => settle({ state: "failed" }),
    );
  }

  /** At once when all layers are there; otherwise after a moment, so that a slow layer does not hold the rest. */
  private paintSoon(job: Job): void {
    const waiting = [...job.parts.values()].some((part) => part.state === "pending");
    if (waiting) {
      job.timer ??= setTimeout(() => this.enqueue(job), PATIENCE_MS);
      return;
    }
    this.enqueue(job);
  }

  private enqueue(job: Job): void {
    if (job.timer) clearTimeout(job.timer);
    job.timer = null;
    if (this.jobs.get(tileKey(job.coord)) !== job) return;
    this.queue.add(job);
    if (this.painting) return;
    this.painting = true;
    setTimeout(() => this.paintNext(), 0);
  }

  /** One tile at a time, so that "drop" and questions are heard between two of them. */
  private paintNext(): void {
    const next = this.queue.values().next();
    if (next.done) {
      this.painting = false;
      return;
    }
    this.queue.delete(next.value);
    try {
      this.paint(next.value);
    } finally {
      setTimeout(() => this.paintNext(), 0);
    }
  }

  private paint(job: Job): void {
    const size = Math.round(TILE_PX * job.ratio);
    const canvas = this.host.makeCanvas(size, size);
    const ctx = canvas.getContext("2d") as Context2D;
    const frame = { zoom: job.coord.z, size, ratio: job.ratio, makeCanvas: this.host.makeCanvas };
    const parts = this.screenParts(job, size);
    const base = parts.filter((part) => part.base);
    const areas = parts.filter((part) => !part.base && part.layers.some(({ kind }) => kind === "fill"));
    const rest = parts.filter((part) => !part.base && !areas.includes(part));
    for (const part of base) paintPart(ctx, part, frame);
    if (base.length > 0) veil(ctx, size);
    if (base.length > 0 && areas.length > 0) ctx.drawImage(this.printed(canvas, areas, frame), 0, 0);
    else for (const part of areas) paintPart(ctx, part, frame);
    for (const part of rest) paintPart(ctx, part, frame);
    const report = { coord: job.coord, ...this.progress(job), labels: this.labels(job) };
    this.host.post({ type: "painted", report, image: this.host.toImage(canvas) });
  }

  /**
   * The areas with the base showing through as shades of grey, as if they were printed on it: streets and houses
   * can be seen, and no colour of the base mixes with a colour of the legend.
   */
  private printed(base: CanvasLike, areas: readonly DrawnPart[], frame: PaintFrame): CanvasLike {
    const { makeCanvas, size } = frame;
    const inks = makeCanvas(size, size);
    for (const part of areas) paintPart(inks.getContext("2d") as Context2D, part, frame);
    const print = makeCanvas(size, size);
    const ctx = print.getContext("2d") as Context2D;
    ctx.fillStyle = "#ffffff";
    ctx.fillRect(0, 0, size, size);
    for (const [how, image] of [
      ["luminosity", base],
      ["multiply", inks],
      ["destination-in", inks],
    ] as const) {
      ctx.globalCompositeOperation = how;
      ctx.drawImage(image, 0, 0);
    }
    return print;
  }

  private progress(job: Job): { pending: string[]; failed: string[] } {
    const having = (state: Part["state"]) =>
      [...job.parts].filter(([, part]) => part.state === state).map(([name]) => name);
    return { pending: having("pending"), failed: having("failed") };
  }

  private labels(job: Job): LabelCandidate[] {
    return this.screenParts(job, TILE_PX).flatMap((part) => proposeLabels(part, job.coord.z));
  }

  /** The layers of a tile that have something to show, lowest first, placed on a tile `size` pixels wide. */
  private screenParts(job: Job, size: number): DrawnPart[] {
    const parts: DrawnPart[] = [];
    this.sources.forEach(({ spec, layers, hidden }, order) => {
      const part = job.parts.get(spec.name);
      if (!part?.tile) return;
      const place = placeTile(part.at, part.tile.extent, job.coord, size);
      const { name, base, opacity } = spec;
      parts.push({ coord: job.coord, name, base, order, opacity, layers, hidden, tile: part.tile, place });
    });
    return parts;
  }

  private *onScreen(zoom: number): Generator<ScreenPart> {
    for (const job of this.jobs.values()) {
      if (job.coord.z === zoom) yield* this.screenParts(job, TILE_PX);
    }
  }

  private answer(question: Question): Answers[keyof Answers] {
    const parts = this.onScreen(question.zoom);
    if (question.ask === "pick") return answerPick(parts, question);
    if (question.ask === "outline") return answerOutline(parts, question);
    return answerInView(parts, question);
  }
}

function paintPart(ctx: Context2D, part: DrawnPart, frame: PaintFrame): void {
  if (part.opacity >= 1) {
    paintSource(ctx, part, frame);
    return;
  }
  // The layer as a whole becomes translucent, not each of its overlapping lines.
  const whole = frame.makeCanvas(frame.size, frame.size);
  paintSource(whole.getContext("2d") as Context2D, part, frame);
  ctx.globalAlpha = part.opacity;
  ctx.drawImage(whole, 0, 0);
  ctx.globalAlpha = 1;
}

function veil(ctx: Context2D, size: number): void {
  ctx.globalCompositeOperation = "source-atop";
  ctx.fillStyle = VEIL;
  ctx.fillRect(0, 0, size, size);
  ctx.globalCompositeOperation = "source-over";
}

function isWanted({ spec, layers }: Source, coord: TileCoord): boolean {
  return (
    spec.visible &&
    coord.z >= spec.minzoom &&
    drawsAt(layers, coord.z) &&
    (spec.bounds === null || boxesMeet(spec.bounds, tileBounds(coord)))
  );
}

/** The version is part of the address, so a browser's cache cannot serve a tile from before an edit. */
function tileUrl({ tiles }: TileSource, version: Version, { z, x, y }: TileCoord): string {
  const url = tiles.replace("{z}", String(z)).replace("{x}", String(x)).replace("{y}", String(y));
  return `${url}${url.includes("?") ? "&" : "?"}v=${encodeURIComponent(version)}`;
}
