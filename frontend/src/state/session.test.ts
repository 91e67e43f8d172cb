import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeMap, layerConfig, mapConfig } from "../../dev/testing";
import { I18n } from "../i18n";
import { drawingOrder, Session } from "./session";

const LAYERS = [
  layerConfig("demo.points", { geometryType: "Point" }),
  layerConfig("demo.lines", { geometryType: "LineString", visible: false }),
  layerConfig("demo.parcels", { style: [{ id: "f", type: "fill", minzoom: 13.5 }] }),
  layerConfig("demo.zones"),
  layerConfig("demo.streets", { base: true, geometryType: "LineString" }),
];

function begin(shown: ReadonlyMap<string, number> | null = null) {
  const map = new FakeMap();
  return { map, session: new Session(mapConfig(...LAYERS), new I18n("en"), map, shown) };
}

const item = (id: number) => ({
  type: "Feature",
  id,
  geometry: { type: "Point", coordinates: [30, 49] },
  properties: {},
});
const respond = vi.fn<(url: string) => Response | Promise<Response>>();
const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

beforeEach(() => {
  respond.mockReset().mockImplementation(() => Response.json(item(1)));
  vi.stubGlobal(
    "fetch",
    (url: string, { signal }: RequestInit) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        Promise.resolve(respond(url)).then(resolve, reject);
      }),
  );
});
afterEach(() => vi.unstubAllGlobals());

test("base layers are drawn lowest, then areas, lines and points, the first of a kind on top", () => {
  const names = drawingOrder(LAYERS).map(({ name }) => name);
  expect(names).toEqual(["demo.streets", "demo.zones", "demo.parcels", "demo.lines", "demo.points"]);
});

test("the map starts with the layers that the address names, or else those of the page", () => {
  const sources = (shown: ReadonlyMap<string, number> | null) => {
    const [, layers] = begin(shown).map.calls[0] as [
      string,
      { name: string; visible: boolean; opacity: number }[],
    ];
    return layers.filter(({ visible }) => visible).map(({ name, opacity }) => `${name} ${opacity}`);
  };
  expect(sources(null)).toEqual(["demo.streets 1", "demo.zones 1", "demo.parcels 1", "demo.points 1"]);
  expect(sources(new Map([["demo.lines", 0.5]]))).toEqual(["demo.lines 0.5"]);
});

test("switching and fading a layer reaches the map and the address, and coming back leaves no trace", () => {
  const { map, session } = begin();
  expect(session.shownLayers()).toBeNull();
  session.setVisible("demo.zones", false);
  session.setOpacity("demo.parcels", 0.6);
  expect(map.calls.slice(1)).toEqual([
    ["patchLayer", "demo.zones", { visible: false }],
    ["patchLayer", "demo.parcels", { opacity: 0.6 }],
  ]);
  expect([...session.shownLayers()!]).toEqual([
    ["demo.points", 1],
    ["demo.parcels", 0.6],
    ["demo.streets", 1],
  ]);
  session.setVisible("demo.zones", true);
  session.setOpacity("demo.parcels", 1);
  expect(session.shownLayers()).toBeNull();
});

test("another address in the same page shows exactly the layers it names", () => {
  const { map, session } = begin();
  map.calls.length = 0;
  session.showOnly(
    new Map([
      ["demo.lines", 0.5],
      ["demo.zones", 1],
    ]),
  );
  expect([...session.shownLayers()!]).toEqual([
    ["demo.lines", 0.5],
    ["demo.zones", 1],
  ]);
  expect(map.calls.filter(([, name]) => name === "demo.zones")).toEqual([]);
});

test("opening a feature marks it at once and again with its own geometry", async () => {
  const { map, session } = begin();
  const feature = { layer: "demo.parcels", id: 1 };
  session.select([feature], {});
  expect(session.store.get().detail?.state).toBe("loading");
  await soon();
  expect(respond).toHaveBeenCalledWith("/api/collections/demo.parcels/items/1");
  expect(session.store.get().detail).toMatchObject({ state: "ready", feature });
  const marks = map.calls.filter(([name]) => name === "highlight").map(([, target]) => target);
  expect(marks).toEqual([{ feature }, { feature, geometry: item(1).geometry }]);
  expect(session.openBounds()).toEqual([30, 49, 30, 49]);
});

test("turning pages through the features at one place, round and round", async () => {
  const { session } = begin();
  session.select(
    [
      { layer: "demo.points", id: 1 },
      { layer: "demo.parcels", id: 2 },
    ],
    {},
  );
  session.turn(-1);
  expect(session.store.get().detail?.feature.id).toBe(2);
  session.turn(1);
  expect(session.store.get().detail?.feature.id).toBe(1);
  await soon();
});

test("a late answer for a feature that is no longer open changes nothing", async () => {
  const { session } = begin();
  let answer: (response: Response) => void = () => undefined;
  respond.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
  session.select([{ layer: "demo.parcels", id: 1 }], {});
  session.select([{ layer: "demo.parcels", id: 2 }], {});
  await soon();
  answer(Response.json(item(1)));
  await soon();
  expect(session.store.get().detail).toMatchObject({ state: "ready", feature: { id: 2 } });
});

test.each([
  [404, "missing"],
  [410, "missing"],
  [500, "error"],
])("an answer of %i makes the panel say %s", async (status, state) => {
  respond.mockImplementation(() => Response.json({ code: "x", detail: "y" }, { status }));
  const { session } = begin();
  session.select([{ layer: "demo.parcels", id: 1 }], {});
  await soon();
  expect(session.store.get().detail?.state).toBe(state);
});

test("without a connection the panel says error, and reload asks again", async () => {
  respond.mockRejectedValueOnce(new TypeError("Failed to fetch"));
  const { session } = begin();
  session.select([{ layer: "demo.parcels", id: 1 }], {});
  await soon();
  expect(session.store.get().detail?.state).toBe("error");
  await session.reload();
  expect(session.store.get().detail?.state).toBe("ready");
});

test("a feature of a layer that the reader cannot see opens nothing", () => {
  const { session } = begin();
  session.select([{ layer: "demo.secret", id: 1 }], {});
  expect(session.store.get().selection).toBeNull();
  expect(respond).not.toHaveBeenCalled();
});

test("going to the scale of a layer moves to the nearest zoom at which it is drawn", () => {
  const { map, session } = begin();
  map.zoom = 11;
  session.goToScale("demo.parcels");
  expect(map.calls.at(-1)).toEqual(["setView", expect.objectContaining({ zoom: 15 })]);
});
