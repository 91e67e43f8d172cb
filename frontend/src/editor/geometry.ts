/** Geometry as plain GeoJSON values: vertices by their place, and what may be done to them. Degrees, lon/lat. */

/** Indices into `coordinates` down to one position. */
export type VertexPath = readonly number[];
type Nested = readonly (number | Nested)[];
type Drawn = Exclude<GeoJSON.Geometry, GeoJSON.GeometryCollection>;

export type DrawKind = "Point" | "LineString" | "Polygon";

const CLOSED = new Set(["Polygon", "MultiPolygon"]);
const FEWEST: Record<string, number> = { LineString: 2, MultiLineString: 2, Polygon: 4, MultiPolygon: 4 };

export function sameGeometry(a: GeoJSON.Geometry, b: GeoJSON.Geometry): boolean {
  return a === b || (a.type === b.type && JSON.stringify(a) === JSON.stringify(b));
}

export function positionsOf(geometry: GeoJSON.Geometry): { path: VertexPath; at: GeoJSON.Position }[] {
  if (geometry.type === "GeometryCollection") return [];
  const found: { path: VertexPath; at: GeoJSON.Position }[] = [];
  const walk = (part: Nested, path: readonly number[]) => {
    if (typeof part[0] === "number") found.push({ path, at: part as GeoJSON.Position });
    else
      part.forEach((inner, index) => {
        const last = CLOSED.has(geometry.type) && typeof (inner as Nested)[0] === "number";
        if (!last || index < part.length - 1) walk(inner as Nested, [...path, index]);
      });
  };
  walk(geometry.coordinates as Nested, []);
  return found;
}

/** The vertex at a place, to the last digit; null when there is none. The closing one of a ring does not count. */
export function vertexAt(geometry: GeoJSON.Geometry, [lng, lat]: GeoJSON.Position): VertexPath | null {
  return positionsOf(geometry).find(({ at }) => at[0] === lng && at[1] === lat)?.path ?? null;
}

export function moveVertex(
  geometry: GeoJSON.Geometry,
  path: VertexPath,
  to: GeoJSON.Position,
): GeoJSON.Geometry {
  if (path.length === 0) return { ...(geometry as GeoJSON.Point), coordinates: [...to] };
  return changeRing(geometry, path, (ring, index) =>
    ring.map((position, i) => {
      const closing = CLOSED.has(geometry.type) && index === 0 && i === ring.length - 1;
      return i === index || closing ? [...to] : position;
    }),
  );
}

/** The geometry without one vertex; null when too few would be left. */
export function removeVertex(geometry: GeoJSON.Geometry, path: VertexPath): GeoJSON.Geometry | null {
  const fewest = FEWEST[geometry.type];
  if (fewest === undefined || path.length === 0) return null;
  let enough = false;
  const changed = changeRing(geometry, path, (ring, index) => {
    enough = ring.length > fewest;
    const open = CLOSED.has(geometry.type) ? ring.slice(0, -1) : ring;
    const rest = open.filter((_, i) => i !== index);
    return CLOSED.has(geometry.type) ? [...rest, rest[0]!] : rest;
  });
  return enough ? changed : null;
}

function changeRing(
  geometry: GeoJSON.Geometry,
  path: VertexPath,
  change: (ring: GeoJSON.Position[], index: number) => GeoJSON.Position[],
): GeoJSON.Geometry {
  const descend = (part: Nested, [index, ...deeper]: readonly number[]): Nested => {
    if (deeper.length === 0) return change([...part] as GeoJSON.Position[], index!) as Nested;
    return part.map((inner, i) => (i === index ? descend(inner as Nested, deeper) : inner));
  };
  const drawn = geometry as Drawn;
  return { ...drawn, coordinates: descend(drawn.coordinates as Nested, path) } as GeoJSON.Geometry;
}

/** What a person draws, from what the layer holds: one of them, or any. */
export function drawKinds(type: string): readonly DrawKind[] {
  return type === "Geometry" ? ["Point", "LineString", "Polygon"] : [type as DrawKind];
}

const MAX_LATITUDE = 85.06;

/** A number of degrees as people type it, "29,2431" or "29.2431°"; null when it is none. */
export function parseDegrees(text: string): number | null {
  const plain = text.trim().replace(/°$/, "").replace(",", ".").replace("−", "-");
  return /^[+-]?\d{1,3}(\.\d+)?$/.test(plain) ? Number(plain) : null;
}

export type PlaceProblem = "number" | "outside" | "swapped";

/** Longitude and latitude as typed: a position, or what is wrong. `box` is where the layer's features can be. */
export function parsePlace(
  lngText: string,
  latText: string,
  box: readonly [west: number, south: number, east: number, north: number],
): GeoJSON.Position | PlaceProblem {
  const [lng, lat] = [parseDegrees(lngText), parseDegrees(latText)];
  if (lng === null || lat === null) return "number";
  if (Math.abs(lng) > 180 || Math.abs(lat) > MAX_LATITUDE) return "outside";
  const inside = (x: number, y: number) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
  return !inside(lng, lat) && inside(lat, lng) ? "swapped" : [lng, lat];
}

/** Enough digits to tell apart what lies a millimetre apart. */
export function degreesText(value: number): string {
  return String(Number(value.toFixed(8)));
}
