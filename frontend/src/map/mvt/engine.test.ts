import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encodeTile, type TileInput } from "../../../dev/mvt";
import { TileEngine } from "./engine";
import { tileBounds } from "./place";
import type { Answers, FromEngine, Question, TileSource } from "./protocol";

const COORD = { z: 14, x: 9577, y: 5553 };
const PARCEL: TileInput = {
  id: 7,
  type: 3,
  properties: { own: "100" },
  parts: [[800, 800, 1600, 800, 1600, 1600, 800, 1600]],
};
const TWO_LAYERS = [
  { id: "f", type: "fill", paint: { "fill-color": "#ff0000" } },
  { id: "l", type: "line", paint: { "line-color": "#00ff00" } },
  { id: "t", type: "symbol", layout: { "text-field": ["get", "own"] } },
];

function source(name: string, changes: Partial<TileSource> = {}): TileSource {
  return {
    name,
    tiles: `/tiles/${name}/{z}/{x}/{y}.mvt`,
    version: 1,
    minzoom: 8,
    maxzoom: 16,
    bounds: null,
    base: false,
    style: TWO_LAYERS,
    visible: true,
    opacity: 1,
    ...changes,
  };
}

type Painted = Extract<FromEngine, { type: "painted" }>;

/** An engine on a canvas that only notes what is filled and stroked; `serve` answers by address. */
function engineWith(serve: (url: string) => Response | Promise<Response>) {
  const urls: string[] = [];
  const aborted: string[] = [];
  const painted: { report: Painted["report"]; ink: string[] }[] = [];
  const answers = new Map<number, Answers[keyof Answers]>();
  const makeCanvas = (width: number, height: number) => {
    const ink: string[] = [];
    const ctx = new Proxy({ ink } as Record<string, unknown>, {
      get: (state, key) => {
        if (key === "fill") return () => ink.push(`fill ${state.fillStyle}`);
        if (key === "stroke") return () => ink.push(`stroke ${state.strokeStyle}`);
        if (key === "drawImage")
          return (image: { ink: string[] }) =>
            ink.push(
              `[${image.ink}]@${state.globalAlpha} ${state.globalCompositeOperation ?? "source-over"}`,
            );
        return typeof key === "string" && key in state ? state[key] : () => undefined;
      },
    });
    return { width, height, ink, getContext: () => ctx } as never;
  };
  const engine = new TileEngine({
    makeCanvas,
    toImage: (canvas) => canvas as never,
    fetch: async (url, { signal }) => {
      urls.push(url);
      signal.addEventListener("abort", () => aborted.push(url));
      return serve(url);
    },
    post: (message) => {
      if (message.type === "answer") answers.set(message.id, message.answer);
      else painted.push({ report: message.report, ink: (message.image as unknown as { ink: string[] }).ink });
    },
    loader: { retryMs: [10] },
  });
  const ask = <Q extends Question>(question: Q): Answers[Q["ask"]] => {
    engine.handle({ type: "question", id: 1, question });
    return answers.get(1) as Answers[Q["ask"]];
  };
  return { engine, urls, aborted, painted, ask };
}

const parcels = () => new Response(encodeTile("x", [PARCEL]));
const settle = () => vi.advanceTimersByTimeAsync(1000);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a tile is fetched once for all style layers, with its version, and painted once", async () => {
  const { engine, urls, painted } = engineWith(parcels);
  engine.handle({ type: "sources", sources: [source("demo.a", { version: "r 5" })] });
  engine.handle({ type: "tile", coord: COORD, ratio: 2 });
  await settle();
  expect(urls).toEqual(["/tiles/demo.a/14/9577/5553.mvt?v=r%205"]);
  expect(painted).toHaveLength(1);
  expect(painted[0]!.ink).toEqual(["fill rgba(255,0,0,1)", "stroke rgba(0,255,0,1)"]);
  expect(painted[0]!.report).toMatchObject({ pending: [], failed: [] });
  expect(painted[0]!.report.labels.map(({ text, x }) => [text, x])).toEqual([["100", 150]]);
});

test("of a layer that changed somewhere only the tiles near it are asked for again", async () => {
  const { engine, urls } = engineWith(parcels);
  const far = { ...COORD, x: COORD.x + 5 };
  engine.handle({ type: "sources", sources: [source("demo.a", { version: 5 })] });
  for (const coord of [COORD, far]) engine.handle({ type: "tile", coord, ratio: 1 });
  await settle();
  urls.length = 0;
  const [west, south] = tileBounds(COORD);
  const boxes = [[west + 0.001, south + 0.001, west + 0.002, south + 0.002] as const];
  engine.handle({ type: "patch", name: "demo.a", patch: { changed: { version: 6, boxes } } });
  await settle();
  expect(urls).toEqual(["/tiles/demo.a/14/9577/5553.mvt?v=6"]);
  engine.handle({ type: "patch", name: "demo.a", patch: { version: 7 } });
  await settle();
  expect(urls.slice(1)).toEqual(["/tiles/demo.a/14/9577/5553.mvt?v=7", "/tiles/demo.a/14/9582/5553.mvt?v=7"]);
});

test("a layer that grew is asked for where it was not before", async () => {
  const { engine, urls } = engineWith(parcels);
  const [west, south, east, north] = tileBounds(COORD);
  const bounds = [west - 2, south, west - 1, north] as const;
  engine.handle({ type: "sources", sources: [source("demo.a", { version: 5, bounds })] });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  await settle();
  expect(urls).toEqual([]);
  const boxes = [[west, south, east, north] as const];
  engine.handle({ type: "patch", name: "demo.a", patch: { changed: { version: 6, boxes } } });
  await settle();
  expect(urls).toEqual(["/tiles/demo.a/14/9577/5553.mvt?v=6"]);
});

test("layers that are off, out of scale or elsewhere are not asked for", async () => {
  const { engine, urls } = engineWith(parcels);
  const far = [{ id: "f", type: "fill", minzoom: 15, paint: {} }];
  engine.handle({
    type: "sources",
    sources: [
      source("demo.off", { visible: false }),
      source("demo.deep", { minzoom: 15 }),
      source("demo.styled", { style: far }),
      source("demo.lviv", { bounds: [23.9, 49.7, 24.1, 49.9] }),
    ],
  });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  await settle();
  expect(urls).toEqual([]);
});

test("above the last zoom the parent is fetched, and picking still finds the feature", async () => {
  const { engine, urls, ask } = engineWith(parcels);
  engine.handle({ type: "sources", sources: [source("demo.a", { maxzoom: 12 })] });
  const coord = { z: 14, x: 9576, y: 5552 };
  engine.handle({ type: "tile", coord, ratio: 1 });
  await settle();
  expect(urls[0]).toContain("/12/2394/1388.mvt");
  const [x, y] = [coord.x * 512 + 450, coord.y * 512 + 450];
  expect(ask({ ask: "pick", zoom: 14, x, y, tolerance: 6 }).map(({ id }) => id)).toEqual([7]);
});

test("a slow layer does not hold back the others and is added when it comes", async () => {
  let release: (response: Response) => void = () => undefined;
  const slow = new Promise<Response>((resolve) => {
    release = resolve;
  });
  const { engine, painted } = engineWith((url) => (url.includes("slow") ? slow : parcels()));
  engine.handle({ type: "sources", sources: [source("demo.fast"), source("demo.slow")] });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  await settle();
  expect(painted.map(({ report }) => report.pending)).toEqual([["demo.slow"]]);
  release(parcels());
  await settle();
  expect(painted.at(-1)!.report.pending).toEqual([]);
  expect(painted.at(-1)!.ink).toHaveLength(4);
});

test("a failed layer is reported, the rest is drawn, and a retry brings it back", async () => {
  let broken = true;
  const { engine, painted } = engineWith((url) =>
    broken && url.includes("demo.b") ? new Response("", { status: 503 }) : parcels(),
  );
  engine.handle({ type: "sources", sources: [source("demo.a"), source("demo.b")] });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  await settle();
  expect(painted.at(-1)!.report.failed).toEqual(["demo.b"]);
  expect(painted.at(-1)!.ink).toHaveLength(2);
  broken = false;
  engine.handle({ type: "retry" });
  await settle();
  expect(painted.at(-1)!.report.failed).toEqual([]);
  expect(painted.at(-1)!.ink).toHaveLength(4);
});

test("a dropped tile stops its requests and is never painted", async () => {
  const { engine, aborted, painted } = engineWith(() => new Promise(() => undefined));
  engine.handle({ type: "sources", sources: [source("demo.a")] });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  engine.handle({ type: "drop", coord: COORD });
  await settle();
  expect(aborted).toHaveLength(1);
  expect(painted).toEqual([]);
});

test("a new version is fetched while the old picture stays", async () => {
  let release: (response: Response) => void = () => undefined;
  const later = new Promise<Response>((resolve) => {
    release = resolve;
  });
  const { engine, urls, painted, ask } = engineWith((url) => (url.endsWith("v=2") ? later : parcels()));
  engine.handle({ type: "sources", sources: [source("demo.a")] });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  await settle();
  engine.handle({ type: "patch", name: "demo.a", patch: { version: 2, bounds: null } });
  await settle();
  expect(urls.at(-1)).toContain("v=2");
  expect(painted.at(-1)!.ink).toContain("fill rgba(255,0,0,1)");
  release(new Response(null, { status: 204 }));
  await settle();
  expect(painted.at(-1)!.ink).toEqual([]);
  expect(ask({ ask: "inView", zoom: 14, box: [0, 0, 1e9, 1e9], limit: 9 }).total).toBe(0);
});

test("features being edited vanish from picture, labels and answers until they are shown again", async () => {
  const { engine, painted, ask } = engineWith(parcels);
  engine.handle({ type: "sources", sources: [source("demo.a")] });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  engine.handle({ type: "patch", name: "demo.a", patch: { hidden: [7] } });
  await settle();
  expect(painted.at(-1)).toMatchObject({ ink: [], report: { labels: [] } });
  expect(ask({ ask: "inView", zoom: 14, box: [0, 0, 1e9, 1e9], limit: 9 }).total).toBe(0);
  engine.handle({ type: "patch", name: "demo.a", patch: { hidden: [] } });
  await settle();
  expect(painted.at(-1)!.ink).toHaveLength(2);
});

test("base layers come first, areas are printed on their grey shades, lines stay as they are", async () => {
  const { engine, painted } = engineWith(parcels);
  const fill = (color: string) => [{ id: "f", type: "fill", paint: { "fill-color": color } }];
  const line = [{ id: "l", type: "line", paint: { "line-color": "#0000ff" } }];
  engine.handle({
    type: "sources",
    sources: [
      source("demo.base", { base: true, style: fill("#010101") }),
      source("demo.area", { style: fill("#020202") }),
      source("demo.line", { style: line }),
    ],
  });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  await settle();
  const [base, print, above] = painted.at(-1)!.ink;
  expect([base, above]).toEqual(["fill rgba(1,1,1,1)", "stroke rgba(0,0,255,1)"]);
  const inks = "[fill rgba(2,2,2,1)]@undefined";
  expect(print).toBe(
    `[[fill rgba(1,1,1,1)]@undefined luminosity,${inks} multiply,${inks} destination-in]@1 source-over`,
  );
});

test("a translucent layer fades as a whole", async () => {
  const { engine, painted } = engineWith(parcels);
  engine.handle({ type: "sources", sources: [source("demo.a", { opacity: 0.4 })] });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  await settle();
  expect(painted.at(-1)!.ink).toEqual(["[fill rgba(255,0,0,1),stroke rgba(0,255,0,1)]@0.4 source-over"]);
});

test("switching a layer off and on again draws it from the cache", async () => {
  const { engine, urls, painted } = engineWith(parcels);
  engine.handle({ type: "sources", sources: [source("demo.a")] });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  await settle();
  engine.handle({ type: "patch", name: "demo.a", patch: { visible: false } });
  await settle();
  expect(painted.at(-1)!.ink).toEqual([]);
  engine.handle({ type: "patch", name: "demo.a", patch: { visible: true } });
  await settle();
  expect(painted.at(-1)!.ink).toHaveLength(2);
  expect(urls).toHaveLength(1);
});

test("a click finds data before base, and a point over the border within reach of the next tile", async () => {
  const point: TileInput = { id: 3, type: 1, properties: {}, parts: [[4090, 800]] };
  const { engine, ask } = engineWith(
    (url) => new Response(encodeTile("x", url.includes("/9577/") ? [point, PARCEL] : [])),
  );
  const style = [...TWO_LAYERS, { id: "c", type: "circle", paint: { "circle-radius": 2 } }];
  engine.handle({
    type: "sources",
    sources: [source("demo.base", { base: true, style }), source("demo.a", { style })],
  });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  engine.handle({ type: "tile", coord: { ...COORD, x: 9578 }, ratio: 1 });
  await settle();
  const [left, top] = [COORD.x * 512, COORD.y * 512];
  const inside = ask({ ask: "pick", zoom: 14, x: left + 150, y: top + 150, tolerance: 6 });
  expect(inside.map(({ layer, id }) => `${layer}/${id}`)).toEqual(["demo.a/7", "demo.base/7"]);
  const beyond = ask({ ask: "pick", zoom: 14, x: left + 512 + 8, y: top + 100, tolerance: 16 });
  expect(beyond.map(({ layer, id }) => `${layer}/${id}`)).toEqual(["demo.a/3", "demo.base/3"]);
});

test("an outline comes in world pixels, piece by piece, each cut to its tile", async () => {
  const { engine, ask } = engineWith(parcels);
  engine.handle({ type: "sources", sources: [source("demo.a")] });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  await settle();
  const [piece, ...others] = ask({ ask: "outline", zoom: 14, layer: "demo.a", id: 7 });
  expect(others).toEqual([]);
  expect(piece!.geometry).toBe("Polygon");
  expect([...piece!.parts[0]!.slice(0, 2)]).toEqual([COORD.x * 512 + 100, COORD.y * 512 + 100]);
  expect(piece!.clip).toEqual([COORD.x * 512, COORD.y * 512, (COORD.x + 1) * 512, (COORD.y + 1) * 512]);
});

test("features in view are counted once over all tiles, listed from top left, base layers left out", async () => {
  const at = (id: number, x: number, y: number): TileInput => ({
    id,
    type: 1,
    properties: {},
    parts: [[x, y]],
  });
  const { engine, ask } = engineWith(
    () => new Response(encodeTile("x", [at(1, 3000, 90), at(2, 90, 100), at(3, 90, 3000)])),
  );
  const style = [{ id: "c", type: "circle", paint: {} }];
  engine.handle({
    type: "sources",
    sources: [source("demo.a", { style }), source("demo.base", { style, base: true })],
  });
  engine.handle({ type: "tile", coord: COORD, ratio: 1 });
  await settle();
  const [left, top] = [COORD.x * 512, COORD.y * 512];
  const all = ask({ ask: "inView", zoom: 14, box: [left, top, left + 512, top + 512], limit: 2 });
  expect(all.total).toBe(3);
  expect(all.items.map(({ id }) => id)).toEqual([2, 1]);
  expect(
    ask({ ask: "inView", zoom: 14, box: [left, top + 200, left + 512, top + 512], limit: 9 }).total,
  ).toBe(1);
});
