/** Sketch on Leaflet: areas and lines as SVG, points as signs on a canvas. */
import L from "leaflet";
import type { Bounds, LngLat } from "../port";
import type { Mark, Shape, Sketch, SketchOptions } from "../sketch";
import { LeafletMap } from "./engine";
import { Overlay, type OverlayFrame } from "./overlay";
import { drawSign, SIGN_PX } from "./signs";

const SVG = "http://www.w3.org/2000/svg";
/** Areas that are told by more than their colour: lines of a pattern, drawn in the colour of the mark. */
const HATCHES: Partial<Record<Mark, string>> = {
  removed: "M0 8 8 0M-2 2 2-2M6 10 10 6",
  added: "M4 0V8M0 4H8",
  changed: "M0 0 8 8M-2 6 2 10M6-2 10 2",
};
const CLOSEST = 17;
const SMALL_PX = 16;
const POINTER = new L.DivIcon({ className: "hm-sign--pointer", iconSize: [34, 34], html: "" });

export class LeafletSketch implements Sketch {
  readonly map: LeafletMap;
  private readonly shapes = L.layerGroup();
  /** Points are painted on one canvas: an element each would be thousands. */
  private readonly signs = new Overlay((frame) => this.paint(frame));
  private points: readonly PlacedSign[] = [];
  private areas: readonly PlacedArea[] = [];
  private pointer: L.Marker | null = null;

  constructor(element: HTMLElement, options: SketchOptions) {
    this.map = new LeafletMap(element, { view: options.bounds, still: options.still });
    this.map.setLayers(options.layers);
    element.append(hatches());
    this.map.leaflet.addLayer(this.shapes);
    this.map.leaflet.addLayer(this.signs);
  }

  boundary(geometry: GeoJSON.Geometry): void {
    const style = { className: "hm-sketch-boundary", fill: false, interactive: false };
    L.geoJSON(geometry, { style }).addTo(this.map.leaflet).bringToBack();
  }

  draw(shapes: readonly Shape[]): void {
    this.shapes.clearLayers();
    this.areas = shapes
      .filter(({ geometry }) => !isPoint(geometry))
      .map((shape) => {
        const layer = drawn(shape).addTo(this.shapes);
        return { box: layer.getBounds(), mark: shape.mark, faint: shape.faint ?? false };
      });
    this.points = shapes.flatMap(({ geometry, mark, faint = false }) =>
      placesOf(geometry).map(([lng, lat]) => ({ at: L.latLng(lat, lng), mark, faint })),
    );
    this.signs.redraw();
  }

  fit(bounds: Bounds): void {
    this.map.fit(bounds, { maxZoom: CLOSEST });
  }

  point(at: LngLat): void {
    const place: L.LatLngTuple = [at.lat, at.lng];
    this.pointer ??= new L.Marker(place, { icon: POINTER, interactive: false, keyboard: false });
    this.pointer.setLatLng(place).addTo(this.map.leaflet);
    this.map.setView({ ...at, zoom: Math.max(this.map.view().zoom, CLOSEST) });
  }

  destroy(): void {
    this.map.destroy();
  }

  /** Points, and areas and lines that are too small at this zoom to show more than a dot of colour. */
  private paint({ ctx, width, height, left, top, zoom }: OverlayFrame): void {
    const pixel = (place: L.LatLng) => this.map.leaflet.project(place, zoom).subtract([left, top]);
    const small = this.areas.filter(({ box }) => {
      if (!box.isValid()) return false;
      const size = pixel(box.getSouthEast()).subtract(pixel(box.getNorthWest()));
      return Math.max(size.x, size.y) < SMALL_PX;
    });
    const centres = small.map(({ box, mark, faint }) => ({ at: box.getCenter(), mark, faint }));
    for (const { at, mark, faint } of [...centres, ...this.points]) {
      const { x, y } = pixel(at);
      if (x < -SIGN_PX || y < -SIGN_PX || x > width + SIGN_PX || y > height + SIGN_PX) continue;
      ctx.globalAlpha = faint ? 0.3 : 1;
      drawSign(ctx, mark, x, y);
    }
    ctx.globalAlpha = 1;
  }
}

interface PlacedSign {
  readonly at: L.LatLng;
  readonly mark: Mark;
  readonly faint: boolean;
}

interface PlacedArea {
  readonly box: L.LatLngBounds;
  readonly mark: Mark;
  readonly faint: boolean;
}

function isPoint(geometry: GeoJSON.Geometry): boolean {
  return geometry.type === "Point" || geometry.type === "MultiPoint";
}

function placesOf(geometry: GeoJSON.Geometry): [number, number][] {
  if (geometry.type === "Point") return [geometry.coordinates as [number, number]];
  return geometry.type === "MultiPoint" ? (geometry.coordinates as [number, number][]) : [];
}

function drawn({ geometry, mark, faint = false }: Shape): L.GeoJSON {
  const className = `hm-sketch hm-sketch--${mark}${faint ? " hm-sketch--faint" : ""}`;
  const style = { className, fillColor: mark in HATCHES ? `url(#hm-hatch-${mark})` : "currentColor" };
  return L.geoJSON(geometry, { interactive: false, style });
}

function hatches(): SVGSVGElement {
  const root = document.createElementNS(SVG, "svg");
  root.setAttribute("class", "hm-hatches");
  root.setAttribute("aria-hidden", "true");
  for (const [mark, lines] of Object.entries(HATCHES)) {
    const pattern = document.createElementNS(SVG, "pattern");
    const size = { width: "8", height: "8", patternUnits: "userSpaceOnUse" };
    for (const [name, value] of Object.entries({ id: `hm-hatch-${mark}`, ...size })) {
      pattern.setAttribute(name, value);
    }
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", lines);
    path.setAttribute("class", `hm-hatch hm-hatch--${mark}`);
    pattern.append(path);
    root.append(pattern);
  }
  return root;
}
