/**
 * Drawing and reshaping on the map, by Geoman and by its API only: the one file that knows of it. Geometry goes in and
 * out as GeoJSON with every digit (Leaflet rounds to 11 cm unless told not to).
 */

import { L, nativeMap } from "../map/leaflet/native";
import type { LngLat, MapPort } from "../map/port";
import "@geoman-io/leaflet-geoman-free";
import { type DrawKind, positionsOf } from "./geometry";

/** How a feature looks: all differ by line or label, not by colour alone. */
export type Look = "plain" | "changed" | "deleted" | "selected" | "mine" | "theirs";
export type Tool = "vertices" | "whole";

export interface Shown {
  readonly key: string;
  readonly geometry: GeoJSON.Geometry;
  readonly look: Look;
  /** Written beside it. */
  readonly label?: string | undefined;
}

export interface EngineEvents {
  created(geometry: GeoJSON.Geometry): void;
  /** The planner moved a vertex, added or removed one, or dragged the whole. */
  edited(key: string, geometry: GeoJSON.Geometry, kind: "reshape" | "move"): void;
  pressed(key: string): void;
  /** A border would have crossed itself and stayed as it was. */
  refused(): void;
  /** While drawing: how many vertices there are; null = no longer drawing. */
  drawing(vertices: number | null): void;
}

const PANE = "hm-editor";
const SHAPES = { Point: "Marker", LineString: "Line", Polygon: "Polygon" } as const;
const FEWEST = { Point: 1, LineString: 2, Polygon: 3 } as const;
/** Kinks are looked for at each move of the pointer, each edge against each: too slow for more vertices. */
const MAX_CHECKED = 400;
const MANY_VERTICES = 100;
const DOUBLE_CLICK_MS = 400;
const SNAP = { snappable: true, snapDistance: 12 } as const;

const BLUE = "#0b57c2";
const STYLES: Record<Look, L.PathOptions> = {
  plain: { color: BLUE, weight: 2, fillOpacity: 0.08 },
  changed: { color: BLUE, weight: 2.5, dashArray: "7 4", fillOpacity: 0.1 },
  deleted: { color: "#a11d24", weight: 2, dashArray: "2 6", fillOpacity: 0 },
  selected: { color: BLUE, weight: 3, fillOpacity: 0.15 },
  mine: { color: BLUE, weight: 4, fillOpacity: 0.12 },
  theirs: { color: "#b34700", weight: 4, dashArray: "10 7", fillOpacity: 0.06 },
};

/** No handles of its own, but a border to snap to. */
const UNSEEN = {
  stroke: false,
  fill: false,
  interactive: false,
  pane: PANE,
  pmIgnore: true,
  snapIgnore: false,
};

/** What is used of Geoman's drawing tools beyond their documented interface (2.20.2, pinned exactly). */
interface DrawTool {
  _finishShape?(): void;
  _removeLastVertex?(): void;
}

interface Drawn {
  shown: Shown;
  readonly layer: L.Layer;
}

export class DrawingEngine {
  private readonly map: L.Map;
  private readonly drawn = new Map<string, Drawn>();
  private readonly neighbours = new L.FeatureGroup([], { pmIgnore: true });
  private editing: { layer: L.Layer; tool: Tool } | null = null;
  private kind: DrawKind | null = null;
  private vertices = 0;
  private finished: GeoJSON.Geometry | null = null;

  constructor(
    port: MapPort,
    private readonly on: EngineEvents,
    private readonly vertexLabel: (index: number, total: number) => string,
    private readonly middleLabel: string,
  ) {
    this.map = nativeMap(port);
    // The map is older than Geoman, which is loaded with the editor. The types forget that a map may be given.
    L.PM.reInitLayer(this.map as unknown as L.Layer);
    if (!this.map.getPane(PANE)) this.map.createPane(PANE).style.zIndex = "420";
    this.map.on("pm:create", this.created, this);
    this.map.on("pm:drawend", this.drawEnded, this);
    this.map.on("pm:drawstart", this.drawStarted, this);
    this.neighbours.addTo(this.map);
  }

  close(): void {
    this.cancelDrawing();
    this.show([]);
    this.snapTo([]);
    this.map.off("pm:create", this.created, this);
    this.map.off("pm:drawend", this.drawEnded, this);
    this.map.off("pm:drawstart", this.drawStarted, this);
    this.neighbours.remove();
  }

  get isDrawing(): boolean {
    return this.kind !== null;
  }

  draw(kind: DrawKind): void {
    this.cancelDrawing();
    this.kind = kind;
    // Two vertices placed quickly are no double click.
    this.map.doubleClickZoom.disable();
    this.map.pm.enableDraw(SHAPES[kind], {
      ...SNAP,
      tooltips: false,
      continueDrawing: false,
      markerEditable: false,
      allowSelfIntersection: kind !== "Polygon",
      templineStyle: { color: BLUE, weight: 3 },
      hintlineStyle: { color: BLUE, weight: 2, dashArray: "5 5" },
      markerStyle: { icon: pointIcon("selected") },
    });
  }

  /** False while there are too few vertices. */
  finishDrawing(): boolean {
    if (!this.kind || this.vertices < FEWEST[this.kind]) return false;
    this.drawTool()?._finishShape?.();
    return this.kind === null;
  }

  removeLast(): void {
    if (this.kind && this.kind !== "Point" && this.vertices > 0) this.drawTool()?._removeLastVertex?.();
  }

  cancelDrawing(): void {
    if (this.kind) this.map.pm.disableDraw();
  }

  /** A vertex, or the point, by other means than the pointer. */
  place({ lng, lat }: LngLat): void {
    const latlng = L.latLng(lat, lng);
    const containerPoint = this.map.latLngToContainerPoint(latlng);
    const layerPoint = this.map.latLngToLayerPoint(latlng);
    const originalEvent = new MouseEvent("click");
    this.map.fire("mousemove", { latlng, containerPoint, layerPoint, originalEvent });
    this.map.fire("click", { latlng, containerPoint, layerPoint, originalEvent });
  }

  /** Draws these features and no others; what is drawn as it should be stays, so that a drag is not broken off. */
  show(features: readonly Shown[]): void {
    const wanted = new Map(features.map((shown) => [shown.key, shown]));
    for (const [key, { shown, layer }] of this.drawn) {
      const next = wanted.get(key);
      if (
        next &&
        next.geometry === shown.geometry &&
        next.look === shown.look &&
        next.label === shown.label
      ) {
        wanted.delete(key);
      } else {
        layer.remove();
        this.drawn.delete(key);
      }
    }
    for (const shown of wanted.values()) {
      const layer = layerOf(shown);
      this.drawn.set(shown.key, { shown, layer });
      this.listen(shown.key, layer);
      layer.addTo(this.map);
    }
  }

  /** Gives one of the shown features its handles; null = none. */
  edit(key: string | null, tool: Tool): void {
    const found = key === null ? undefined : this.drawn.get(key);
    if (found && found.layer === this.editing?.layer && tool === this.editing.tool) return;
    if (this.editing) {
      for (const part of partsOf(this.editing.layer)) {
        part.pm.disable();
        part.pm.disableLayerDrag();
      }
    }
    this.editing = found ? { layer: found.layer, tool } : null;
    if (found) this.giveHandles(found, tool);
  }

  private giveHandles({ layer, shown: { geometry } }: Drawn, tool: Tool): void {
    const vertices = positionsOf(geometry).length;
    for (const part of partsOf(layer)) {
      if (tool === "whole") part.pm.enableLayerDrag();
      else {
        part.pm.enable({
          ...SNAP,
          // Near the pointer only, where all of them would take seconds and hide the map.
          limitMarkersToCount: vertices > MANY_VERTICES ? 50 : -1,
          allowSelfIntersection: !isArea(geometry) || vertices > MAX_CHECKED,
          removeLayerBelowMinVertexCount: false,
          preventMarkerRemoval: part instanceof L.Marker,
          draggable: true,
        });
      }
    }
    this.nameHandles();
  }

  /** Borders that the pointer snaps to; they are not seen. */
  snapTo(geometries: readonly GeoJSON.Geometry[]): void {
    this.neighbours.clearLayers();
    for (const geometry of geometries) {
      const layer = L.GeoJSON.geometryToLayer(asFeature(geometry), {
        pointToLayer: (_, at) => L.circleMarker(at),
      });
      for (const part of partsOf(layer)) {
        L.setOptions(part, UNSEEN);
        this.neighbours.addLayer(part);
      }
    }
  }

  /** Where the handle with the focus is; null when the element is none. */
  handleAt(element: EventTarget | null): GeoJSON.Position | null {
    let found: GeoJSON.Position | null = null;
    this.map.eachLayer((layer) => {
      if (layer instanceof L.Marker && layer.getElement() === element && element && isHandle(layer)) {
        const { lng, lat } = layer.getLatLng();
        found = [lng, lat];
      }
    });
    return found;
  }

  focusHandle([lng, lat]: GeoJSON.Position): void {
    this.map.eachLayer((layer) => {
      if (!(layer instanceof L.Marker) || !isHandle(layer)) return;
      const at = layer.getLatLng();
      if (at.lng === lng && at.lat === lat) layer.getElement()?.focus();
    });
  }

  /** Handles are buttons to Leaflet: those between vertices take no focus, the others say which they are. */
  private nameHandles(): void {
    const handles: HTMLElement[] = [];
    this.map.eachLayer((layer) => {
      const element = layer instanceof L.Marker ? layer.getElement() : null;
      if (!element?.classList.contains("marker-icon")) return;
      if (element.classList.contains("marker-icon-middle")) {
        element.tabIndex = -1;
        element.setAttribute("aria-label", this.middleLabel);
      } else handles.push(element);
    });
    handles.forEach((element, index) => {
      element.tabIndex = 0;
      element.setAttribute("aria-label", this.vertexLabel(index + 1, handles.length));
    });
  }

  private listen(key: string, layer: L.Layer): void {
    const changed = (kind: "reshape" | "move") => {
      const entry = this.drawn.get(key);
      if (!entry) return;
      const geometry = geometryOf(entry.layer, entry.shown.geometry);
      entry.shown = { ...entry.shown, geometry };
      this.on.edited(key, geometry, kind);
      this.nameHandles();
    };
    for (const part of partsOf(layer)) {
      part.on("pm:edit", () => changed(this.editing?.tool === "whole" ? "move" : "reshape"));
      part.on("pm:layerreset pm:intersect", () => this.on.refused());
      part.on("click", (event) => {
        if (this.kind) return;
        L.DomEvent.stop(event as L.LeafletMouseEvent);
        this.on.pressed(key);
      });
    }
  }

  private created(event: { layer: L.Layer }): void {
    event.layer.remove();
    if (this.kind) this.finished = geometryOf(event.layer, { type: this.kind } as GeoJSON.Geometry);
  }

  private drawStarted({ workingLayer }: { workingLayer: L.Layer }): void {
    this.vertices = 0;
    this.on.drawing(0);
    const count = (by: number) => () => {
      this.vertices += by;
      this.on.drawing(this.vertices);
    };
    workingLayer.on("pm:vertexadded", count(1));
    workingLayer.on("pm:vertexremoved", count(-1));
  }

  /** Told only now: a tool that ends takes the handles from whatever has some. */
  private drawEnded(): void {
    const { finished } = this;
    // Not yet for the click that has just ended the drawing.
    setTimeout(() => {
      if (!this.kind) this.map.doubleClickZoom.enable();
    }, DOUBLE_CLICK_MS);
    this.kind = null;
    this.finished = null;
    this.on.drawing(null);
    if (finished) this.on.created(finished);
  }

  private drawTool(): DrawTool | null {
    if (!this.kind) return null;
    return (this.map.pm.Draw as unknown as Record<string, DrawTool>)[SHAPES[this.kind]] ?? null;
  }
}

type Part = L.Polyline | L.Polygon | L.Marker;

/** A drawn feature is one layer of Leaflet's, or a group of markers for several points. */
function partsOf(layer: L.Layer): Part[] {
  return (layer instanceof L.LayerGroup ? layer.getLayers() : [layer]) as Part[];
}

function layerOf({ geometry, look, label }: Shown): L.Layer {
  const style = { ...STYLES[look], pane: PANE, bubblingMouseEvents: true };
  const layer = L.GeoJSON.geometryToLayer(asFeature(geometry), {
    pointToLayer: (_, at) =>
      L.marker(at, { icon: pointIcon(look), bubblingMouseEvents: true, keyboard: look === "selected" }),
  });
  for (const part of partsOf(layer)) {
    if (!(part instanceof L.Marker)) L.setOptions(part, style);
    // An element, not a text: Leaflet would take a text for HTML.
    // To either side, so that labels of two versions of one feature are not on top of each other.
    const direction = look === "mine" ? "left" : "right";
    const className = `hm-tag hm-tag--${look}`;
    if (label) part.bindTooltip(textElement(label), { permanent: true, direction, className });
  }
  return layer;
}

function textElement(text: string): HTMLElement {
  const element = document.createElement("span");
  element.textContent = text;
  return element;
}

function pointIcon(look: Look): L.DivIcon {
  return L.divIcon({ className: `hm-point hm-point--${look}`, iconSize: [44, 44] });
}

function geometryOf(layer: L.Layer, before: GeoJSON.Geometry): GeoJSON.Geometry {
  const parts = partsOf(layer);
  if (before.type === "MultiPoint") {
    const coordinates = parts.map((part) => {
      const { lng, lat } = (part as L.Marker).getLatLng();
      return [lng, lat];
    });
    return { type: "MultiPoint", coordinates };
  }
  // false = not rounded at all; even 15 decimals would change the last bits of a coordinate that did not move.
  return (parts[0] as L.Polyline).toGeoJSON(false).geometry;
}

function asFeature(geometry: GeoJSON.Geometry): GeoJSON.Feature {
  return { type: "Feature", properties: {}, geometry };
}

function isArea({ type }: GeoJSON.Geometry): boolean {
  return type === "Polygon" || type === "MultiPolygon";
}

function isHandle(marker: L.Marker): boolean {
  const names = marker.getElement()?.classList;
  if (names?.contains("hm-point--selected")) return true;
  return Boolean(names?.contains("marker-icon") && !names.contains("marker-icon-middle"));
}
