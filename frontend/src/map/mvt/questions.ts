/** Answers about what is on the screen, out of the tiles that are drawn there. */
import { POINT, type TileFeature } from "./decode";
import { type PickTarget, pick } from "./pick";
import { TILE_PX, type TileCoord } from "./place";
import type {
  InView,
  InViewItem,
  InViewQuestion,
  OutlinePiece,
  OutlineQuestion,
  PickHit,
  PickQuestion,
  WorldBox,
} from "./protocol";

/** One layer in one tile on the screen; `place` in CSS pixels. `order` grows from the lowest drawn layer up. */
export interface ScreenPart extends PickTarget {
  readonly coord: TileCoord;
  readonly name: string;
  readonly base: boolean;
  readonly order: number;
}

const KINDS = { 1: "Point", 2: "LineString", 3: "Polygon" } as const;

export function answerPick(parts: Iterable<ScreenPart>, question: PickQuestion): PickHit[] {
  const { x, y, tolerance, zoom } = question;
  const hits: { hit: PickHit; part: ScreenPart; type: number }[] = [];
  const seen = new Set<string>();
  for (const part of parts) {
    const [left, top] = origin(part.coord);
    const [tx, ty] = [x - left, y - top];
    if (Math.min(tx, ty) < -tolerance || Math.max(tx, ty) > TILE_PX + tolerance) continue;
    for (const { id, type, distance, properties } of pick(part, zoom, tx, ty, tolerance)) {
      const key = `${part.name}/${id}`;
      if (seen.has(key)) continue;
      seen.add(key);
      hits.push({ part, type, hit: { layer: part.name, id, distance, geometry: KINDS[type], properties } });
    }
  }
  hits.sort(
    (a, b) => Number(a.part.base) - Number(b.part.base) || a.type - b.type || b.part.order - a.part.order,
  );
  return hits.map(({ hit }) => hit);
}

export function answerOutline(parts: Iterable<ScreenPart>, question: OutlineQuestion): OutlinePiece[] {
  const pieces: OutlinePiece[] = [];
  for (const part of parts) {
    if (part.name !== question.layer) continue;
    const [left, top] = origin(part.coord);
    const clip: WorldBox = [left, top, left + TILE_PX, top + TILE_PX];
    for (const feature of part.tile.features) {
      if (feature.id !== question.id) continue;
      pieces.push({
        geometry: KINDS[feature.type],
        parts: worldParts(feature, part, left, top),
        clip: feature.type === POINT ? null : clip,
      });
    }
  }
  return pieces;
}

function worldParts(feature: TileFeature, { place }: ScreenPart, left: number, top: number): Float64Array[] {
  let start = 0;
  return Array.from(feature.ends, (end) => {
    const part = new Float64Array(end - start);
    for (let i = start; i < end; i += 2) {
      part[i - start] = feature.coords[i]! * place.scale + place.dx + left;
      part[i - start + 1] = feature.coords[i + 1]! * place.scale + place.dy + top;
    }
    start = end;
    return part;
  });
}

/** Rows this high count as one line when features are read from left to right. */
const ROW_PX = 48;

export function answerInView(parts: Iterable<ScreenPart>, question: InViewQuestion): InView {
  const found = new Map<string, InViewItem>();
  for (const part of parts) {
    if (part.base) continue;
    const [left, top] = origin(part.coord);
    const box = meet(question.box, [left, top, left + TILE_PX, top + TILE_PX]);
    if (!box) continue;
    const accepts = part.layers
      .filter((layer) => question.zoom >= layer.minzoom && question.zoom < layer.maxzoom)
      .map((layer) => layer.accepts(question.zoom));
    for (const feature of part.tile.features) {
      if (feature.id === undefined || part.hidden.has(feature.id)) continue;
      const seen = meet(box, boxOf(feature, part, left, top));
      const key = `${part.name}/${feature.id}`;
      if (!seen || found.has(key) || !accepts.some((accept) => accept(feature))) continue;
      const [x, y] = [(seen[0] + seen[2]) / 2, (seen[1] + seen[3]) / 2];
      found.set(key, { layer: part.name, id: feature.id, x, y });
    }
  }
  const row = (item: InViewItem) => Math.floor(item.y / ROW_PX);
  const items = [...found.values()].sort((a, b) => row(a) - row(b) || a.x - b.x || a.id - b.id);
  return { total: items.length, items: items.slice(0, question.limit) };
}

function boxOf(feature: TileFeature, { place }: ScreenPart, left: number, top: number): WorldBox {
  const { scale, dx, dy } = place;
  return [
    feature.minX * scale + dx + left,
    feature.minY * scale + dy + top,
    feature.maxX * scale + dx + left,
    feature.maxY * scale + dy + top,
  ];
}

function meet(a: WorldBox, b: WorldBox): WorldBox | null {
  const [left, top] = [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  const [right, bottom] = [Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  return left <= right && top <= bottom ? [left, top, right, bottom] : null;
}

function origin({ x, y }: TileCoord): [left: number, top: number] {
  return [x * TILE_PX, y * TILE_PX];
}
