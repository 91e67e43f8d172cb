/**
 * `<import-points-map>`: the points of a file in each coordinate system it may be in.
 * `<raster-footprint-map>`: the outline of a raster.
 * `<import-diff-map>`: what an import adds, changes and removes, and the places of what was found in the file; those
 * alone where it has no `data-features`. All tell what the page says in words, too.
 */
import { requestJson } from "../api/http";
import type { Bounds, LngLat, Pixel } from "../map/port";
import { boundsOf, extentOf, type Mark, mainExtentOf, type Shape, type Sketch, union } from "../map/sketch";
import { button, el } from "../ui/dom";
import { pageJson, pageWords } from "./page";
import type { SmallMapConfig } from "./small-map";
import type { Words } from "./words";

interface Candidate {
  readonly value: string;
  readonly mark: Mark;
  readonly points: readonly (readonly [number, number])[];
}

type Position = readonly [number, number];

/** Points of a candidate as shapes; those of all others are faint while one is chosen. */
export function candidateShapes(candidates: readonly Candidate[], chosen: string): Shape[] {
  return [...candidates].reverse().flatMap(({ value, mark, points }) =>
    points.map((place) => ({
      geometry: { type: "Point", coordinates: [...place] } as const,
      mark,
      faint: chosen !== "" && chosen !== value,
    })),
  );
}

type Legend = typeof import("./small-map").legend;

abstract class PageMap extends HTMLElement {
  protected readonly words: Words = pageWords();
  /** Nothing more is asked of an import that a form of the page has just thrown away or moved on. */
  protected readonly leaving = new AbortController();

  connectedCallback(): void {
    window.addEventListener("submit", (event) => event.defaultPrevented || this.leaving.abort());
    // Not before it is seen: the map may lie in a closed part of the page.
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      void this.start();
    });
    this.hidden = false;
    seen.observe(this);
  }

  private async start(): Promise<void> {
    const config = pageJson<SmallMapConfig>("import-map-config");
    if (!config || this.leaving.signal.aborted) return;
    try {
      const { smallMap, legend } = await import("./small-map");
      const sketch = smallMap(this, config, this.dataset.label ?? "", this.words);
      await this.fill(sketch, legend, config);
    } catch (error) {
      if (this.leaving.signal.aborted) return;
      console.error(error);
      this.replaceChildren(el("p", { class: "notice", role: "status" }, this.words("map.failed")));
    }
  }

  protected abstract fill(sketch: Sketch, legend: Legend, config: SmallMapConfig): Promise<void>;
}

export class ImportPointsMap extends PageMap {
  protected async fill(sketch: Sketch, legend: Legend): Promise<void> {
    const candidates = pageJson<readonly Candidate[]>("import-points") ?? [];
    const form = this.closest("form")!;
    const chosen = () => new FormData(form).get("crs")?.toString() ?? "";
    const show = () => sketch.draw(candidateShapes(candidates, chosen()));
    // With all in sight at first; when one is chosen, the map goes where it lies.
    const bounds = boundsOf(candidates.flatMap(({ points }) => points));
    if (bounds) sketch.fit(bounds);
    show();
    form.addEventListener("change", (event) => {
      if ((event.target as HTMLInputElement).name !== "crs") return;
      show();
      const box = boundsOf(candidates.find(({ value }) => value === chosen())?.points ?? []);
      if (box) sketch.fit(box);
    });
    this.after(legend([["boundary", this.words("map.boundary")]], this.words));
  }
}

/** `<raster-footprint-map>`: the outline of a raster. */
export class RasterFootprintMap extends PageMap {
  protected async fill(sketch: Sketch, legend: Legend): Promise<void> {
    const geometry = pageJson<GeoJSON.Geometry>("raster-footprint");
    if (geometry) sketch.draw([{ geometry, mark: "outline" }]);
    const words = this.words;
    this.after(
      legend(
        [
          ["outline", words("map.outline")],
          ["boundary", words("map.boundary")],
        ],
        words,
      ),
    );
  }
}

interface DiffCollection extends GeoJSON.FeatureCollection {
  readonly truncated?: boolean;
}

/** A feature of the API's diff as a shape. */
export function diffShape({ geometry, properties }: GeoJSON.Feature): Shape {
  const { kind, side, accepted } = properties as { kind: Mark; side: string; accepted: boolean };
  return { geometry, mark: side === "before" && kind === "changed" ? "before" : kind, faint: !accepted };
}

/** One place of each geometry: enough to find the box of many. */
export function firstPlace(geometry: GeoJSON.Geometry): Position | null {
  if (geometry.type === "GeometryCollection") {
    const inner = geometry.geometries[0];
    return inner ? firstPlace(inner) : null;
  }
  let part: unknown = geometry.coordinates;
  while (Array.isArray(part) && Array.isArray(part[0])) part = part[0];
  return Array.isArray(part) && typeof part[0] === "number" ? [part[0], part[1] as number] : null;
}

const REACH_PX = { mouse: 10, touch: 16 } as const;

/** What was found at a place of the file, in words. */
export interface Finding {
  readonly at: LngLat;
  readonly text: string;
}

export function findings(features: readonly GeoJSON.Feature[]): readonly Finding[] {
  return features.flatMap(({ geometry, properties }) => {
    const place = geometry && firstPlace(geometry);
    const message: unknown = properties?.message;
    return place
      ? [{ at: { lng: place[0], lat: place[1] }, text: typeof message === "string" ? message : "" }]
      : [];
  });
}

function issueShape({ at }: Finding): Shape {
  return { geometry: { type: "Point", coordinates: [at.lng, at.lat] }, mark: "issue" };
}

/** The finding whose sign lies closest to the pixel, at most `reach` away. */
export function nearest(
  found: readonly Finding[],
  toPixel: (at: LngLat) => Pixel,
  { x, y }: Pixel,
  reach: number,
): Finding | null {
  let best: Finding | null = null;
  let least = reach;
  for (const item of found) {
    const sign = toPixel(item.at);
    const away = Math.hypot(sign.x - x, sign.y - y);
    if (away <= least) [best, least] = [item, away];
  }
  return best;
}

export class ImportDiffMap extends PageMap {
  private readonly note = el("p", { role: "status", class: "soft small" });
  private found: readonly Finding[] = [];
  private moving: AbortController | null = null;

  protected async fill(sketch: Sketch, legend: Legend, config: SmallMapConfig): Promise<void> {
    const words = this.words;
    this.after(
      legend(
        [
          ...(this.dataset.features
            ? ([
                ["added", words("map.added")],
                ["changed", words("map.changed")],
                ["before", words("map.before")],
                ["removed", words("map.removed")],
              ] as const)
            : []),
          ["issue", words("map.issue")],
          ["boundary", words("map.boundary")],
        ],
        words,
      ),
      this.note,
    );
    const first = await this.load(null);
    this.found = await this.loadIssues();
    // Of those that were not sent, all that is known is that they should lie in the community.
    const whole = (bounds: Bounds) => (first.truncated ? union(bounds, config.bounds) : bounds);
    const geometries = first.features.map(({ geometry }) => geometry);
    const all = this.dataset.features
      ? extentOf(geometries)
      : boundsOf(this.found.map(({ at }) => [at.lng, at.lat] as const));
    const main = mainExtentOf(geometries);
    if (all) sketch.fit(whole(main ?? all));
    if (all && main) this.offerAll(() => sketch.fit(whole(all)));
    this.show(sketch, first);
    this.followRows(sketch);
    this.followClicks(sketch);
    if (first.truncated) sketch.map.on("moveend", () => void this.follow(sketch));
  }

  /** Says that something lies far from the rest, out of sight, and shows it when asked. */
  private offerAll(seeAll: () => void): void {
    const offer = el("p", { class: "small" }, `${this.words("map.strays")} `);
    const showAll = () => {
      seeAll();
      offer.remove();
      this.querySelector<HTMLElement>(".hm-surface")?.focus();
    };
    const text = this.words("map.all");
    offer.append(button(text, { class: "button button--small" }, showAll, text));
    this.note.before(offer);
  }

  /** What lies where the map was moved to; an answer that comes too late is not drawn. */
  private async follow(sketch: Sketch): Promise<void> {
    this.moving?.abort();
    const moving = new AbortController();
    this.moving = moving;
    if (this.leaving.signal.aborted) return;
    try {
      const part = await this.load(sketch.map.bounds(), moving.signal);
      if (!moving.signal.aborted) this.show(sketch, part);
    } catch {
      if (!moving.signal.aborted && !this.leaving.signal.aborted) {
        this.note.textContent = this.words("upload.noAnswer");
      }
    }
  }

  private show(sketch: Sketch, { features, truncated }: DiffCollection): void {
    sketch.draw([...features.map(diffShape), ...this.found.map(issueShape)]);
    this.note.textContent = truncated ? this.words("map.truncated", { n: features.length }) : "";
  }

  private async load(box: readonly number[] | null, signal?: AbortSignal): Promise<DiffCollection> {
    if (!this.dataset.features) return { type: "FeatureCollection", features: [] };
    const query = box ? `?bbox=${box.map((side) => side.toFixed(6)).join(",")}` : "";
    const ends = signal ? AbortSignal.any([signal, this.leaving.signal]) : this.leaving.signal;
    return requestJson<DiffCollection>(`${this.dataset.features}${query}`, { signal: ends });
  }

  private async loadIssues(): Promise<readonly Finding[]> {
    if (!this.dataset.issues) return [];
    const asked = { signal: this.leaving.signal };
    const found = await requestJson<DiffCollection>(this.dataset.issues, asked).catch(() => null);
    return findings(found?.features ?? []);
  }

  /** A sign of a finding that is clicked says what was found, from near. */
  private followClicks(sketch: Sketch): void {
    const { map } = sketch;
    map.on("click", ({ pixel, touch }) => {
      const reach = touch ? REACH_PX.touch : REACH_PX.mouse;
      const near = nearest(this.found, (at) => map.toPixel(at), pixel, reach);
      if (!near) return;
      sketch.point(near.at);
      this.note.textContent = near.text;
    });
  }

  /** Findings whose place is known get a button that shows it. */
  private followRows(sketch: Sketch): void {
    for (const row of document.querySelectorAll<HTMLElement>("[data-point]")) {
      const [lng, lat] = (row.dataset.point ?? "").split(",").map(Number);
      if (lng === undefined || lat === undefined || Number.isNaN(lat)) continue;
      const show = el("button", { type: "button", class: "button button--small" }, this.words("map.show"));
      show.addEventListener("click", () => {
        this.scrollIntoView({ block: "center" });
        sketch.point({ lng, lat });
      });
      row.lastElementChild?.append(show);
    }
  }
}
