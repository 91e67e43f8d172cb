/** The editor's hold on the map: what the tiles leave out, what the pointer snaps to, what is brought into sight. */
import type { LayerConfig } from "../api/config";
import { fetchNeighbours } from "../api/edits";
import type { FeatureItem } from "../api/features";
import { geometryBounds } from "../map/mvt/outline";
import type { LngLat } from "../map/port";
import type { MapTools } from "../ui/hm-map";
import type { DrawingEngine } from "./engine";
import { type EditorModel, hiddenIds, isOpen, shownOn } from "./model";
import { feature } from "./session";
import type { Words } from "./words";

/** Neighbours to snap to are asked for from this zoom on. */
const SNAP_ZOOM = 15;

export class Stage {
  private hidden: readonly number[] = [];
  private settled: readonly number[] = [];
  private neighbours: readonly FeatureItem[] = [];
  private asking: AbortController | null = null;

  constructor(
    private readonly tools: MapTools,
    private readonly engine: DrawingEngine,
  ) {}

  /** Draws the model, and takes what it draws out of the tiles. */
  show(model: EditorModel, words: Words): void {
    const { layer, selected, tool, edit } = model;
    this.engine.show(shownOn(model, words));
    const draft = edit && selected ? feature(edit, selected) : null;
    const free = isOpen(model) && !this.engine.isDrawing;
    this.engine.edit(draft && !draft.deleted && free ? selected : null, tool);
    const ids = hiddenIds(model, this.settled);
    if (!layer || ids.join() === this.hidden.join()) return;
    this.hidden = ids;
    this.tools.hooks.hide(layer.name, ids);
    this.offerNeighbours();
  }

  /** Saved features stay out of the tiles until those are new; takes effect when the model is shown next. */
  keepHidden(ids: readonly number[]): void {
    this.settled = ids;
  }

  /** Gives a layer's features back to its tiles. */
  leave(layer: LayerConfig | null): void {
    this.asking?.abort();
    this.hidden = [];
    this.settled = [];
    this.neighbours = [];
    if (layer) this.tools.hooks.hide(layer.name, []);
  }

  /** Borders of the same layer in view, for the pointer to snap to. Without them drawing works all the same. */
  async loadNeighbours(layer: LayerConfig | null): Promise<void> {
    const { map } = this.tools.session;
    this.asking?.abort();
    this.neighbours = [];
    if (layer && layer.geometryType !== "Point" && map.view().zoom >= SNAP_ZOOM) {
      const request = new AbortController();
      this.asking = request;
      const found = await fetchNeighbours(layer, map.bounds(), request.signal).catch(() => []);
      if (request.signal.aborted) return;
      this.neighbours = found;
    }
    this.offerNeighbours();
  }

  /** Shows a place that may be far away. */
  goTo(at: LngLat): void {
    const { map } = this.tools.session;
    const [west, south, east, north] = map.bounds();
    const inView = at.lng > west && at.lng < east && at.lat > south && at.lat < north;
    if (inView) map.reveal(at, this.tools.insets());
    else map.setView({ ...at, zoom: Math.max(map.view().zoom, 16) });
  }

  /** Moves the map as far as it takes to bring the feature out from under the cards. */
  uncover(geometry: GeoJSON.Geometry): void {
    const box = geometryBounds(geometry);
    if (box) requestAnimationFrame(() => this.tools.session.map.reveal(box, this.tools.insets()));
  }

  fit(geometries: readonly GeoJSON.Geometry[]): void {
    const box = geometryBounds({ type: "GeometryCollection", geometries: [...geometries] });
    if (!box) return;
    requestAnimationFrame(() => this.tools.hooks.fit(box, { maxZoom: 18, insets: this.tools.insets() }));
  }

  /** Not those that are being edited: a border must not snap to where it was. */
  private offerNeighbours(): void {
    const own = new Set<unknown>(this.hidden);
    this.engine.snapTo(
      this.neighbours.flatMap(({ id, geometry }) => (geometry && !own.has(id) ? [geometry] : [])),
    );
  }
}
