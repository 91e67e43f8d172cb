/** The marked feature: its pieces out of the tiles, or a whole geometry, drawn on the overlay. */
import type { Context2D } from "./canvas";
import { TILE_PX, toWorld } from "./place";
import type { OutlinePiece } from "./protocol";

const CASING = "rgba(255, 255, 255, 0.95)";
const INK = "#0f3a52";
const GLOW = "rgba(226, 176, 74, 0.2)";
const POINT_RADIUS = 11;

type Position = readonly number[];

/** GeoJSON in degrees to pieces in world pixels of a style zoom. Z is ignored; collections are unfolded. */
export function geometryPieces(geometry: GeoJSON.Geometry, zoom: number): OutlinePiece[] {
  const side = TILE_PX * 2 ** zoom;
  const flat = (positions: readonly Position[]): Float64Array => {
    const out = new Float64Array(positions.length * 2);
    positions.forEach(([lng = 0, lat = 0], index) => {
      const { x, y } = toWorld(lng, lat);
      out[index * 2] = x * side;
      out[index * 2 + 1] = y * side;
    });
    return out;
  };
  const piece = (kind: OutlinePiece["geometry"], parts: readonly (readonly Position[])[]): OutlinePiece[] => [
    { geometry: kind, parts: parts.map(flat), clip: null },
  ];
  switch (geometry.type) {
    case "Point":
      return piece("Point", [[geometry.coordinates]]);
    case "MultiPoint":
      return piece("Point", [geometry.coordinates]);
    case "LineString":
      return piece("LineString", [geometry.coordinates]);
    case "MultiLineString":
      return piece("LineString", geometry.coordinates);
    case "Polygon":
      return piece("Polygon", geometry.coordinates);
    case "MultiPolygon":
      return geometry.coordinates.flatMap((polygon) => piece("Polygon", polygon));
    case "GeometryCollection":
      return geometry.geometries.flatMap((part) => geometryPieces(part, zoom));
  }
}

/** Box of a geometry in degrees, [west, south, east, north]; null when it is empty. */
export function geometryBounds(
  geometry: GeoJSON.Geometry,
): readonly [west: number, south: number, east: number, north: number] | null {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    const [lng, lat] = value as [unknown, unknown];
    if (typeof lng === "number" && typeof lat === "number") {
      west = Math.min(west, lng);
      east = Math.max(east, lng);
      south = Math.min(south, lat);
      north = Math.max(north, lat);
    } else value.forEach(visit);
  };
  if (geometry.type === "GeometryCollection") {
    for (const part of geometry.geometries) visit("coordinates" in part ? part.coordinates : []);
  } else visit(geometry.coordinates);
  return west <= east ? [west, south, east, north] : null;
}

/** `left`, `top`: the world pixel at the overlay's upper left corner. */
export function drawOutline(
  ctx: Context2D,
  pieces: readonly OutlinePiece[],
  left: number,
  top: number,
): void {
  for (const { geometry, parts, clip } of pieces) {
    ctx.save();
    if (clip) {
      ctx.beginPath();
      ctx.rect(clip[0] - left, clip[1] - top, clip[2] - clip[0], clip[3] - clip[1]);
      ctx.clip();
    }
    ctx.beginPath();
    for (const part of parts) {
      if (geometry === "Point") circles(ctx, part, left, top);
      else path(ctx, part, left, top, geometry === "Polygon");
    }
    if (geometry !== "LineString") {
      ctx.fillStyle = GLOW;
      ctx.fill("evenodd");
    }
    ctx.lineJoin = "round";
    ctx.lineCap = "round";
    ctx.strokeStyle = CASING;
    ctx.lineWidth = 6;
    ctx.stroke();
    ctx.strokeStyle = INK;
    ctx.lineWidth = 3;
    ctx.stroke();
    ctx.restore();
  }
}

function circles(ctx: Context2D, part: Float64Array, left: number, top: number): void {
  for (let i = 0; i < part.length; i += 2) {
    const [x, y] = [part[i]! - left, part[i + 1]! - top];
    ctx.moveTo(x + POINT_RADIUS, y);
    ctx.arc(x, y, POINT_RADIUS, 0, Math.PI * 2);
  }
}

function path(ctx: Context2D, part: Float64Array, left: number, top: number, close: boolean): void {
  for (let i = 0; i < part.length; i += 2) {
    if (i === 0) ctx.moveTo(part[0]! - left, part[1]! - top);
    else ctx.lineTo(part[i]! - left, part[i + 1]! - top);
  }
  if (close) ctx.closePath();
}
