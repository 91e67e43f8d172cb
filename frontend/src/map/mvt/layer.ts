/** The tiles on the screen: hands them to the engine, shows what comes back, and keeps count of what is missing. */
import type { LabelCandidate } from "./candidates";
import { openTileClient, type Painted, type TileClient } from "./client";
import type { ScreenLabel } from "./labels";
import { TILE_PX, type TileCoord, tileKey } from "./place";
import type { Answers, Question, SourcePatch, TileReport, TileSource } from "./protocol";

export interface TilesState {
  /** Tiles still waiting for at least one layer. */
  readonly loading: number;
  /** Names of layers of which at least one tile on the screen could not be had. */
  readonly failed: readonly string[];
}

export interface MvtLayerEvents {
  /** A tile was painted, for the first time or again. */
  onTile(coord: TileCoord): void;
  onState(state: TilesState): void;
}

interface ShownTile {
  readonly coord: TileCoord;
  readonly canvas: HTMLCanvasElement;
  readonly onFirst: () => void;
  report: TileReport | null;
}

export class MvtLayer {
  private readonly tiles = new Map<string, ShownTile>();
  private readonly client: TileClient;

  constructor(
    private readonly events: MvtLayerEvents,
    open: (onPainted: (message: Painted) => void) => TileClient = openTileClient,
  ) {
    this.client = open((message) => this.show(message));
  }

  setSources(sources: readonly TileSource[]): void {
    this.client.send({ type: "sources", sources });
  }

  patch(name: string, patch: SourcePatch): void {
    this.client.send({ type: "patch", name, patch });
  }

  /** Asks again for what has failed. */
  retry(): void {
    this.client.send({ type: "retry" });
  }

  ask<Q extends Question>(question: Q): Promise<Answers[Q["ask"]]> {
    return this.client.ask(question);
  }

  /** `onFirst` is called once, when the tile has a picture. */
  addTile(coord: TileCoord, canvas: HTMLCanvasElement, ratio: number, onFirst: () => void): void {
    this.tiles.set(tileKey(coord), { coord, canvas, onFirst, report: null });
    this.client.send({ type: "tile", coord, ratio });
    this.tellState();
  }

  removeTile(coord: TileCoord): void {
    const tile = this.tiles.get(tileKey(coord));
    if (!tile) return;
    this.tiles.delete(tileKey(coord));
    this.client.send({ type: "drop", coord });
    // Frees the picture now: phones have little memory for canvases and collect them late.
    tile.canvas.width = 0;
    tile.canvas.height = 0;
    this.tellState();
  }

  /** After the window moved to a screen of another density. */
  repaint(ratio: number): void {
    for (const { coord } of this.tiles.values()) this.client.send({ type: "tile", coord, ratio });
  }

  /** Label candidates of the tiles at one zoom, in world pixels of that zoom. */
  labels(zoom: number): ScreenLabel[] {
    const all: ScreenLabel[] = [];
    for (const { coord, report } of this.tiles.values()) {
      if (coord.z !== zoom || !report) continue;
      for (const label of report.labels) all.push(moved(label, coord));
    }
    return all;
  }

  close(): void {
    this.client.close();
    this.tiles.clear();
  }

  private show({ report, image }: Painted): void {
    const tile = this.tiles.get(tileKey(report.coord));
    if (!tile) {
      if ("close" in image) image.close();
      return;
    }
    const first = tile.report === null;
    tile.report = report;
    put(tile.canvas, image);
    tile.canvas.classList.toggle("hm-tile--failed", report.failed.length > 0);
    if (first) tile.onFirst();
    this.events.onTile(report.coord);
    this.tellState();
  }

  private tellState(): void {
    const failed = new Set<string>();
    let loading = 0;
    for (const { report } of this.tiles.values()) {
      if (!report || report.pending.length > 0) loading++;
      for (const name of report?.failed ?? []) failed.add(name);
    }
    this.events.onState({ loading, failed: [...failed].sort() });
  }
}

function moved(label: LabelCandidate, { x, y }: TileCoord): ScreenLabel {
  return { ...label, x: label.x + x * TILE_PX, y: label.y + y * TILE_PX };
}

function put(canvas: HTMLCanvasElement, image: ImageBitmap | HTMLCanvasElement): void {
  canvas.width = image.width;
  canvas.height = image.height;
  if ("close" in image) canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(image);
  else canvas.getContext("2d")?.drawImage(image, 0, 0);
}
