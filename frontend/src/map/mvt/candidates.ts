/** Proposes labels for one tile. Which of them are drawn is decided for the whole screen (labels.ts). */
import { longestStretch, polygonAnchor } from "./anchors";
import { type DecodedTile, LINE, POINT, type TileFeature } from "./decode";
import { type Placement, TILE_PX } from "./place";
import type { CompiledLayer } from "./style";

export interface LabelLook {
  readonly size: number;
  readonly bold: boolean;
  readonly italic: boolean;
  readonly color: string;
  readonly halo: string;
  readonly haloWidth: number;
  readonly opacity: number;
  readonly lineHeight: number;
  readonly padding: number;
  /** Widest line in CSS pixels; longer text is broken between words. */
  readonly maxWidth: number;
  readonly overlap: boolean;
}

export interface LabelCandidate {
  /** Name of the map layer. */
  readonly layer: string;
  readonly feature: number | undefined;
  readonly text: string;
  /** CSS pixels from the tile's upper left corner. */
  readonly x: number;
  readonly y: number;
  readonly angle: number;
  /** Pixels there are for the text along a line; Infinity where it does not matter. */
  readonly room: number;
  /** Equal texts of a layer along lines keep this far apart. */
  readonly spacing: number;
  readonly anchor: string;
  readonly offset: readonly [x: number, y: number];
  /** Lower is placed first: `symbol-sort-key`. */
  readonly sort: number;
  /** Of two candidates for one feature, the one on the larger piece wins. */
  readonly rank: number;
  readonly look: LabelLook;
}

export interface LabelSource {
  readonly name: string;
  readonly layers: readonly CompiledLayer[];
  readonly tile: DecodedTile;
  readonly place: Placement;
  readonly hidden: ReadonlySet<number>;
}

/** A place or a school is named before the plot it stands on. */
export const POINT_RANK = 1e9;

/** More than this from one tile cannot be legible anyway. */
const MAX_PER_TILE = 500;

/** `place` here is in CSS pixels, whatever the screen's density. */
export function proposeLabels(source: LabelSource, zoom: number): LabelCandidate[] {
  const found: LabelCandidate[] = [];
  for (const layer of source.layers) {
    if (layer.kind !== "symbol" || zoom < layer.minzoom || zoom >= layer.maxzoom) continue;
    const accepts = layer.accepts(zoom);
    const read = reader(layer, zoom);
    for (const feature of source.tile.features) {
      if (feature.id !== undefined && source.hidden.has(feature.id)) continue;
      if (outside(feature, source.place) || !accepts(feature)) continue;
      const words = read(feature);
      if (!words) continue;
      for (const spot of spots(feature, source, words.alongLine)) {
        if (inTile(spot)) found.push({ layer: source.name, feature: feature.id, ...words.label, ...spot });
      }
    }
  }
  if (found.length <= MAX_PER_TILE) return found;
  return found.sort((a, b) => a.sort - b.sort || b.rank - a.rank).slice(0, MAX_PER_TILE);
}

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
  readonly room: number;
  readonly rank: number;
}

function spots(feature: TileFeature, { tile, place }: LabelSource, alongLine: boolean): Spot[] {
  const at = (x: number, y: number, angle: number, room: number, rank: number): Spot => ({
    x: x * place.scale + place.dx,
    y: y * place.scale + place.dy,
    angle,
    room,
    rank,
  });
  if (feature.type === POINT) {
    const all: Spot[] = [];
    const { coords } = feature;
    for (let i = 0; i < coords.length; i += 2)
      all.push(at(coords[i]!, coords[i + 1]!, 0, Infinity, POINT_RANK));
    return all;
  }
  if (feature.type === LINE) {
    const stretch = longestStretch(feature, tile.extent);
    if (!stretch) return [];
    const length = stretch.length * place.scale;
    const room = alongLine ? length : Infinity;
    return [at(stretch.x, stretch.y, alongLine ? stretch.angle : 0, room, length)];
  }
  const anchor = polygonAnchor(feature);
  return anchor ? [at(anchor.x, anchor.y, 0, Infinity, anchor.area * place.scale ** 2)] : [];
}

/** Half-open, so that a point on the border of two tiles is proposed by one of them only. */
function inTile({ x, y }: Spot): boolean {
  return x >= 0 && x < TILE_PX && y >= 0 && y < TILE_PX;
}

function outside(feature: TileFeature, { scale, dx, dy }: Placement): boolean {
  return (
    feature.maxX * scale + dx < 0 ||
    feature.minX * scale + dx >= TILE_PX ||
    feature.maxY * scale + dy < 0 ||
    feature.minY * scale + dy >= TILE_PX
  );
}

interface Words {
  readonly alongLine: boolean;
  readonly label: Pick<LabelCandidate, "text" | "spacing" | "anchor" | "offset" | "sort" | "look">;
}

/** Answers null for a feature without text. */
function reader(layer: CompiledLayer, zoom: number): (feature: TileFeature) => Words | null {
  const number = (name: Parameters<CompiledLayer["number"]>[0]) => layer.number(name).bind(zoom);
  const text = layer.text("text-field").bind(zoom);
  const transform = layer.text("text-transform").bind(zoom);
  const anchor = layer.text("text-anchor").bind(zoom);
  const placement = layer.text("symbol-placement").bind(zoom);
  const overlap = layer.text("text-allow-overlap").bind(zoom);
  const offset = layer.numbers("text-offset").bind(zoom);
  const fonts = layer.words("text-font").bind(zoom);
  const color = layer.color("text-color").bind(zoom);
  const halo = layer.color("text-halo-color").bind(zoom);
  const [size, haloWidth, opacity] = [number("text-size"), number("text-halo-width"), number("text-opacity")];
  const [maxWidth, lineHeight] = [number("text-max-width"), number("text-line-height")];
  const [padding, sort, spacing] = [
    number("text-padding"),
    number("symbol-sort-key"),
    number("symbol-spacing"),
  ];
  return (feature) => {
    const words = transformed(text(feature).trim(), transform(feature));
    if (!words) return null;
    const px = size(feature);
    const font = fonts(feature).join(" ");
    const [offsetX = 0, offsetY = 0] = offset(feature);
    const look: LabelLook = {
      size: px,
      bold: /bold|medium/i.test(font),
      italic: /italic|oblique/i.test(font),
      color: color(feature),
      halo: halo(feature),
      haloWidth: haloWidth(feature),
      opacity: opacity(feature),
      lineHeight: lineHeight(feature) * px,
      padding: padding(feature),
      maxWidth: maxWidth(feature) * px,
      overlap: overlap(feature) === "true",
    };
    return {
      alongLine: placement(feature) !== "point",
      label: {
        text: words,
        spacing: spacing(feature),
        anchor: anchor(feature),
        offset: [offsetX * px, offsetY * px],
        sort: sort(feature),
        look,
      },
    };
  };
}

function transformed(text: string, how: string): string {
  if (how === "uppercase") return text.toLocaleUpperCase("uk");
  return how === "lowercase" ? text.toLocaleLowerCase("uk") : text;
}
