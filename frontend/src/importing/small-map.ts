/** A small map in a page: base layers, the boundary, zoom buttons and a legend. Loaded only by pages that show one. */
// The public map's own script, which does nothing in a page without one: sharing it whole keeps it in one piece,
// where sharing parts of it would cut it into chunks that every reader of the map has to fetch.
import "../pages/viewer";
import "../styles/map.css";
import type { LayerConfig } from "../api/config";
import { LeafletSketch } from "../map/leaflet/sketch";
import type { Bounds, TileSource } from "../map/port";
import type { Mark, Sketch } from "../map/sketch";
import { drawingOrder, toSource } from "../state/session";
import { button, el, icon } from "../ui/dom";
import type { Words } from "./words";

/** How much is seen of layers that are there to find one's way where there is no base layer. */
const BESIDE = 0.5;

export interface SmallMapConfig {
  readonly bounds: Bounds;
  readonly layers: readonly LayerConfig[];
  /** GeoJSON text. */
  readonly boundary: string | null;
}

/** What the map draws of these layers, lowest first. */
export function sourcesOf(layers: readonly LayerConfig[]): TileSource[] {
  return drawingOrder(layers).map((layer) =>
    toSource(layer, { visible: true, opacity: layer.base ? 1 : BESIDE }),
  );
}

/** Fills `host` with a map named `label`. */
export function smallMap(host: HTMLElement, config: SmallMapConfig, label: string, words: Words): Sketch {
  const surface = el("div", { class: "hm-surface", role: "application", tabindex: "0", "aria-label": label });
  host.replaceChildren(surface);
  host.hidden = false;
  const sketch = new LeafletSketch(surface, {
    bounds: config.bounds,
    layers: sourcesOf(config.layers),
    still: matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  if (config.boundary) sketch.boundary(JSON.parse(config.boundary) as GeoJSON.Geometry);
  const zoom = (name: "map.zoomIn" | "map.zoomOut", steps: number) =>
    button(
      words(name),
      { class: "hm-map-button" },
      () => sketch.map.zoomBy(steps),
      icon(steps > 0 ? "plus" : "minus"),
    );
  host.append(
    el(
      "div",
      { class: "hm-controls" },
      el("div", { class: "hm-controls__pair" }, zoom("map.zoomIn", 1), zoom("map.zoomOut", -1)),
    ),
  );
  return sketch;
}

/** What the signs on the map mean. */
export function legend(rows: readonly (readonly [Mark | "boundary", string])[], words: Words): HTMLElement {
  const items = rows.map(([mark, text]) =>
    el("li", {}, el("span", { class: `mark mark--${mark}`, "aria-hidden": "true" }), ` ${text}`),
  );
  return el("ul", { class: "small-map-legend", "aria-label": words("map.legend") }, ...items);
}
