/** A small town out of thin air, for looking at the map without Django: always the same one. */

type Position = [lng: number, lat: number];
export interface TownFeature {
  readonly type: "Feature";
  readonly id: number;
  readonly geometry: GeoJSON.Geometry;
  readonly properties: Record<string, string | number | boolean>;
}
export type Town = Readonly<Record<string, TownFeature[]>>;

export const CENTRE: Position = [30.4432, 49.8221];
const BLOCK_M = 150;
const STREETS =
  "Соборна,Шевченка,Лесі Українки,Івана Франка,Козацька,Садова,Польова,Ґрунтова,Єдності,Їжакевича".split(",");

/** Deterministic numbers in 0..1. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** From metres on a plan to degrees, bent a little so that nothing is a chessboard. */
function bend(x: number, y: number): Position {
  const bx = x + 60 * Math.sin(y / 480) + 25 * Math.sin(x / 210 + y / 330);
  const by = y + 70 * Math.sin(x / 620) + 20 * Math.cos(y / 250 - x / 400);
  return [CENTRE[0] + bx / 71_800, CENTRE[1] + by / 111_200];
}

function ring(x0: number, y0: number, x1: number, y1: number): Position[] {
  const mid = (x0 + x1) / 2;
  return [bend(x0, y0), bend(mid, y0), bend(x1, y0), bend(x1, y1), bend(mid, y1), bend(x0, y1), bend(x0, y0)];
}

export function makeTown(parcels: number): Town {
  const roll = dice(7);
  const side = Math.ceil(Math.sqrt(parcels / 20));
  const half = (side * BLOCK_M) / 2;
  const town: Record<string, TownFeature[]> = {
    land_parcel: [],
    building: [],
    street: [],
    water: [],
    zone: [],
    social: [],
    power: [],
    settlement: [],
  };
  let id = 0;
  const add = (layer: string, geometry: GeoJSON.Geometry, properties: TownFeature["properties"]) =>
    void town[layer]!.push({ type: "Feature", id: ++id, geometry, properties });

  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const [x, y] = [column * BLOCK_M - half, row * BLOCK_M - half];
      addBlock(add, roll, x, y, row * side + column);
    }
  }
  for (let line = 0; line <= side; line++) {
    const at = line * BLOCK_M - half - 6;
    const along = (vertical: boolean) =>
      Array.from({ length: side * 2 + 1 }, (_, step) => {
        const to = (step * BLOCK_M) / 2 - half - 6;
        return vertical ? bend(at, to) : bend(to, at);
      });
    const main = line % 4 === 0;
    for (const vertical of [true, false]) {
      const name = `вулиця ${STREETS[(line * 2 + Number(vertical)) % STREETS.length]}`;
      add(
        "street",
        { type: "LineString", coordinates: along(vertical) },
        { name, kind: main ? "main" : "local" },
      );
    }
    if (line % 5 === 2) add("power", { type: "LineString", coordinates: along(true) }, { kv: 10 });
  }
  const river = Array.from({ length: 41 }, (_, i) => {
    const x = -half * 1.3 + (i * half * 2.6) / 40;
    return [x, -half * 0.55 + 130 * Math.sin(x / 330)] as const;
  });
  const banks = [
    ...river.map(([x, y]) => bend(x, y + 38)),
    ...river.reverse().map(([x, y]) => bend(x, y - 30)),
  ];
  add("water", { type: "Polygon", coordinates: [[...banks, banks[0]!]] }, { name: "річка Гнилий Тікич" });
  const places: Position[] = [bend(0, 0), bend(-half * 0.9, half * 0.9), bend(half * 0.8, -half * 0.85)];
  for (const [index, name] of ["Зелений Гай", "Ґанжалівка", "Їжаківка"].entries()) {
    add("settlement", { type: "Point", coordinates: places[index]! }, { name, rank: index });
  }
  const kinds = ["school", "cnap", "shelter", "hospital"];
  const words = {
    school: "Ліцей № {n}",
    cnap: "ЦНАП",
    shelter: "Укриття № {n}",
    hospital: "Амбулаторія № {n}",
  };
  for (let n = 1; n <= 26; n++) {
    const kind = kinds[n % 4] as keyof typeof words;
    const at = bend((roll() - 0.5) * half * 1.7, (roll() - 0.5) * half * 1.7);
    add("social", { type: "Point", coordinates: at }, { name: words[kind].replace("{n}", String(n)), kind });
  }
  return town;
}

type Add = (layer: string, geometry: GeoJSON.Geometry, properties: TownFeature["properties"]) => void;

function addBlock(add: Add, roll: () => number, x: number, y: number, block: number): void {
  const inner = BLOCK_M - 12;
  const zones = ["Ж-1", "Г-2", "Р-3", "В-4"];
  const zone = roll() < 0.7 ? "Ж-1" : zones[Math.floor(roll() * 4)]!;
  add("zone", polygon(ring(x - 6, y - 6, x + BLOCK_M - 6, y + BLOCK_M - 6)), { zone });
  if (zone === "Р-3") return;
  for (let row = 0; row < 2; row++) {
    for (let plot = 0; plot < 10; plot++) {
      const [x0, x1] = [x + (plot * inner) / 10, x + ((plot + 1) * inner) / 10];
      const [y0, y1] = [y + (row * inner) / 2, y + ((row + 1) * inner) / 2];
      const share = roll();
      const own = share < 0.62 ? "100" : share < 0.8 ? "200" : share < 0.92 ? "300" : "";
      add("land_parcel", polygon(ring(x0, y0, x1, y1)), {
        cad_num: `3220885900:${String(1 + (block % 12)).padStart(2, "0")}:${String(block % 1000).padStart(3, "0")}:${String(row * 10 + plot + 1).padStart(4, "0")}`,
        ...(own && { own }),
        area_ha: Number((((x1 - x0) * (y1 - y0)) / 10_000).toFixed(4)),
        registered: `20${10 + Math.floor(roll() * 15)}-0${1 + Math.floor(roll() * 8)}-1${Math.floor(roll() * 9)}`,
      });
      if (roll() < 0.75) {
        const [bx, by] = [x0 + 2.5 + roll() * 2, row === 0 ? y0 + 5 + roll() * 8 : y1 - 17 - roll() * 6];
        add("building", polygon(ring(bx, by, bx + 6 + roll() * 3, by + 8 + roll() * 4)), {
          floors: 1 + Math.floor(roll() * 2),
        });
      }
    }
  }
}

function polygon(coordinates: Position[]): GeoJSON.Polygon {
  return { type: "Polygon", coordinates: [coordinates] };
}
