/**
 * The part of the address after #: where the map is, which layers are shown, which feature is open.
 *   #map=15/49.8221/30.4432&l=demo.parcels*60,demo.streets&r=demo.ortho*80&f=demo.parcels/123
 * Without `l` the layers are as the page comes; with it exactly those named are shown, at the given per cent.
 * `r` names the rasters that are shown, the uppermost first.
 */
import type { FeatureRef, MapView } from "../map/port";

export interface HashState {
  readonly view: MapView | null;
  /** Name → opacity 0..1; null = as the page comes. */
  readonly layers: ReadonlyMap<string, number> | null;
  /** Rasters that are shown, the uppermost first, with their opacity; null = none. */
  readonly rasters?: ReadonlyMap<string, number> | null;
  readonly feature: FeatureRef | null;
}

const NAME = /^[a-z][a-z0-9]*\.[a-z][a-z0-9_]*$/;

/** What cannot be understood is left out: an old or damaged link still opens the map. */
export function parseHash(hash: string): HashState {
  const parts = new Map<string, string>();
  for (const part of hash.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    if (at > 0) parts.set(part.slice(0, at), decode(part.slice(at + 1)));
  }
  return {
    view: parseView(parts.get("map")),
    layers: parseLayers(parts.get("l")),
    rasters: parseLayers(parts.get("r")),
    feature: parseFeature(parts.get("f")),
  };
}

export function formatHash({ view, layers, rasters, feature }: HashState): string {
  const parts: string[] = [];
  if (view) parts.push(`map=${formatView(view)}`);
  if (layers) parts.push(`l=${formatLayers(layers)}`);
  if (rasters && rasters.size > 0) parts.push(`r=${formatLayers(rasters)}`);
  if (feature) parts.push(`f=${feature.layer}/${feature.id}`);
  return parts.length > 0 ? `#${parts.join("&")}` : "";
}

function formatLayers(layers: ReadonlyMap<string, number>): string {
  const names = [...layers].map(([name, opacity]) => {
    const percent = Math.round(opacity * 100);
    return percent === 100 ? name : `${name}*${percent}`;
  });
  return names.join(",");
}

/** As many decimals as a pixel at that zoom is worth. */
function formatView({ zoom, lat, lng }: MapView): string {
  const decimals = Math.max(2, Math.ceil((zoom * Math.LN2) / Math.LN10));
  return `${Math.round(zoom)}/${lat.toFixed(decimals)}/${lng.toFixed(decimals)}`;
}

function parseView(text: string | undefined): MapView | null {
  const [zoom, lat, lng] = (text ?? "").split("/").map((part) => (part.trim() ? Number(part) : Number.NaN));
  if (zoom === undefined || lat === undefined || lng === undefined) return null;
  const sound = zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 85 && Math.abs(lng) <= 180;
  return sound ? { zoom: Math.round(zoom), lat, lng } : null;
}

function parseLayers(text: string | undefined): ReadonlyMap<string, number> | null {
  if (text === undefined) return null;
  const layers = new Map<string, number>();
  for (const part of text.split(",")) {
    const [name = "", percent = "100"] = part.split("*");
    const opacity = Number(percent) / 100;
    if (NAME.test(name) && opacity >= 0 && opacity <= 1) layers.set(name, opacity);
  }
  return layers;
}

function parseFeature(text: string | undefined): FeatureRef | null {
  const [layer = "", id = ""] = (text ?? "").split("/");
  return NAME.test(layer) && /^\d{1,15}$/.test(id) ? { layer, id: Number(id) } : null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
