// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeMap, layerConfig, mapConfig } from "../../dev/testing";
import { I18n } from "../i18n";
import { ClickRouter } from "../map/engine-hooks";
import { Session } from "../state/session";
import { announcer, sourcesLine, tileNotice } from "./controls";
import { HmLegend } from "./hm-legend";
import { HmPanel } from "./hm-panel";
import { inspectClick, KeyboardInspector } from "./inspect";
import { nearestHeight } from "./sheet";

const HOSTILE = '<img src=x onerror="alert(1)">';
const PARCELS = layerConfig("demo.parcels", {
  title: "Parcels",
  geometryType: "Polygon",
  extent: [30, 49, 31, 50],
  style: [{ id: "f", type: "fill", minzoom: 13 }],
  legend: [
    { label: "Private", kind: "fill", fill: "#fdd", pattern: "hatch45" },
    { label: "State", kind: "fill", fill: "#ddf" },
  ],
  fields: [
    { key: "name", title: "Name", type: "string" },
    { key: "area", title: "Area", type: "number", unit: "ha" },
    { key: "use", title: "Use", type: "string" },
  ],
});
const STREETS = layerConfig("demo.streets", { title: "Streets", base: true, geometryType: "LineString" });

const INSETS = { top: 0, right: 0, bottom: 0, left: 300 };

function begin() {
  const element = document.createElement("div");
  element.tabIndex = 0;
  const map = new FakeMap(element);
  const session = new Session(mapConfig(PARCELS, STREETS), new I18n("en"), map, null);
  const legend = new HmLegend().setup(session, () => INSETS);
  const onZoom = vi.fn();
  const panel = new HmPanel().setup(session, { onZoom, returnTo: element });
  document.body.append(element, legend, panel);
  return { map, session, legend, panel, onZoom, element };
}

const byText = (root: Element, selector: string, text: string) =>
  [...root.querySelectorAll<HTMLElement>(selector)].find((found) => found.textContent?.includes(text));
const soon = () => new Promise((resolve) => setTimeout(resolve, 5));
const press = (target: Element, key: string) =>
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));

beforeEach(() => {
  const properties = { name: HOSTILE, area: 1.5, use: null };
  const item = { type: "Feature", id: 7, geometry: null, properties };
  vi.stubGlobal("fetch", async () => Response.json(item));
});
afterEach(() => {
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

test("the legend groups layers by theme, the base last and folded", () => {
  const { legend } = begin();
  const groups = [...legend.querySelectorAll("details")].map((group) => [
    group.querySelector(".hm-group__title")?.textContent,
    group.hasAttribute("open"),
  ]);
  expect(groups).toEqual([
    ["Land", true],
    ["Base map", false],
  ]);
});

test("a layer is switched by its checkbox, and the checkbox follows when it is switched elsewhere", () => {
  const { legend, session, map } = begin();
  const box = byText(legend, "label", "Parcels")!.querySelector("input")!;
  box.click();
  expect(map.calls.at(-1)).toEqual(["patchLayer", "demo.parcels", { visible: false }]);
  expect(legend.querySelector<HTMLElement>(".hm-layer__classes")!.hidden).toBe(true);
  session.setVisible("demo.parcels", true);
  expect(box.checked).toBe(true);
});

test("a layer that is not drawn at this scale says from which scale it is, and leads there", () => {
  const { legend, map } = begin();
  map.zoom = 10;
  map.emit("moveend", { view: map.view(), byUser: true });
  const reason = legend.querySelector<HTMLElement>(".hm-layer__reason")!;
  expect(reason.hidden).toBe(false);
  expect(reason.textContent).toContain("Shown from scale 1:22,000");
  expect(legend.querySelector(".hm-layer--unseen")).not.toBeNull();
  reason.querySelector("button")!.click();
  expect(map.calls.at(-1)).toEqual(["setView", expect.objectContaining({ zoom: 14 })]);
  map.zoom = 14;
  map.emit("moveend", { view: map.view(), byUser: true });
  expect(reason.hidden).toBe(true);
});

test("settings of a layer open by a button that says so, with opacity, zoom and the layer's page", () => {
  const { legend, map, session } = begin();
  const more = legend.querySelector<HTMLButtonElement>(".hm-layer__more")!;
  expect(more.getAttribute("aria-label")).toBe("Settings of the layer “Parcels”");
  more.click();
  const tools = document.getElementById(more.getAttribute("aria-controls")!)!;
  expect([more.getAttribute("aria-expanded"), tools.hidden]).toEqual(["true", false]);
  const slider = tools.querySelector<HTMLInputElement>('input[type="range"]')!;
  slider.value = "40";
  slider.dispatchEvent(new Event("input"));
  expect(session.layerState("demo.parcels").opacity).toBe(0.4);
  expect(slider.getAttribute("aria-valuetext")).toBe("40 %");
  byText(tools, "button", "Show the whole layer")!.click();
  expect(map.calls.at(-1)).toEqual([
    "fit",
    PARCELS.extent,
    { insets: expect.objectContaining({ left: 300 }) },
  ]);
  expect(tools.querySelector("a")!.getAttribute("href")).toBe(PARCELS.layerUrl);
});

test("the panel shows the fields in words, and values as text even when they look like markup", async () => {
  const { session, panel } = begin();
  session.select([{ layer: "demo.parcels", id: 7 }], {});
  await soon();
  expect(panel.querySelector("h2")!.textContent).toBe(HOSTILE);
  expect(panel.querySelector("img")).toBeNull();
  const rows = [...panel.querySelectorAll("dl > div")].map((row) => row.textContent);
  expect(rows).toEqual([`Name${HOSTILE}`, "Area1.5\u00a0ha", "Usenot filled in"]);
  expect(byText(panel, "a", "Page of the feature")!.getAttribute("href")).toBe(
    "/demo/layers/demo.parcels/7/",
  );
});

test("the focus goes into the panel, Escape closes it and brings the focus back to the map", async () => {
  const { session, panel, element } = begin();
  element.focus();
  session.select([{ layer: "demo.parcels", id: 7 }], {});
  expect(document.activeElement).toBe(panel.querySelector("h2"));
  await soon();
  press(panel.querySelector("h2")!, "Escape");
  expect(panel.open).toBe(false);
  expect(document.activeElement).toBe(element);
  expect(session.store.get().selection).toBeNull();
});

test("several features at one place are paged through", async () => {
  const { session, panel } = begin();
  session.select(
    [
      { layer: "demo.parcels", id: 7 },
      { layer: "demo.streets", id: 8 },
    ],
    {},
  );
  const pager = panel.querySelector<HTMLElement>(".hm-panel__pager")!;
  expect(pager.textContent).toContain("1 of 2");
  pager.querySelectorAll("button")[1]!.click();
  expect(pager.textContent).toContain("2 of 2");
  await soon();
  expect(panel.querySelector(".hm-panel__layer")!.textContent).toBe("Streets");
});

test("an action is offered for the layers it is meant for", async () => {
  const { session, panel } = begin();
  const run = vi.fn();
  panel.addAction({ label: "Edit", offered: ({ name }) => name === "demo.parcels", run });
  session.select(
    [
      { layer: "demo.streets", id: 8 },
      { layer: "demo.parcels", id: 7 },
    ],
    {},
  );
  await soon();
  expect(byText(panel, "button", "Edit")).toBeUndefined();
  session.turn(1);
  await soon();
  byText(panel, "button", "Edit")!.click();
  expect(run).toHaveBeenCalledWith({ layer: "demo.parcels", id: 7 });
});

test("a click on nothing closes the panel and says so", async () => {
  const { session, panel } = begin();
  const announce = announcer();
  session.select([{ layer: "demo.parcels", id: 7 }], {});
  const click = { pixel: { x: 1, y: 1 }, at: { lng: 0, lat: 0 }, touch: false, shift: false };
  await inspectClick(session, announce, click);
  expect(panel.open).toBe(false);
  expect(announce.element.textContent).toBe("There is nothing here");
});

test("brackets step through what is in view without taking the focus, Enter then goes into the panel", async () => {
  const { session, map, panel, element } = begin();
  const announce = announcer();
  const clicks = new ClickRouter(map, () => undefined);
  new KeyboardInspector(session, announce, {
    clicks,
    insets: () => INSETS,
    openPanel: () => panel.focusHeading(),
  });
  const at = { lng: 30.1, lat: 49.1 };
  map.inView = {
    total: 2,
    items: [
      { layer: "demo.parcels", id: 7, at },
      { layer: "demo.streets", id: 8, at },
    ],
  };
  element.focus();
  press(element, "]");
  await soon();
  expect(document.activeElement).toBe(element);
  expect(announce.element.textContent).toBe(`Parcels: ${HOSTILE}. Feature 1 of 2.`);
  press(element, "[");
  await soon();
  expect(session.store.get().detail?.feature).toMatchObject({ layer: "demo.streets", id: 8 });
  press(element, "Enter");
  expect(document.activeElement).toBe(panel.querySelector("h2"));
});

test("while the editor holds the clicks, keys do not open the panel and clicks go to the editor", async () => {
  const { session, map, panel, element } = begin();
  const ordinary = vi.fn();
  const clicks = new ClickRouter(map, ordinary);
  new KeyboardInspector(session, announcer(), {
    clicks,
    insets: () => INSETS,
    openPanel: () => panel.focusHeading(),
  });
  const mine = vi.fn();
  const giveBack = clicks.take(mine);
  map.hits = [{ layer: "demo.parcels", id: 7, distance: 0, geometry: "Polygon", properties: {} }];
  press(element, "Enter");
  const click = { pixel: { x: 1, y: 1 }, at: { lng: 0, lat: 0 }, touch: false, shift: false };
  map.emit("click", click);
  await soon();
  expect(panel.open).toBe(false);
  expect([mine.mock.calls.length, ordinary.mock.calls.length]).toEqual([1, 0]);
  giveBack();
  map.emit("click", click);
  expect(ordinary).toHaveBeenCalledOnce();
});

test("tiles that failed are named with a way to try again, and the notice goes when they come", () => {
  const { session, map } = begin();
  const notice = tileNotice(session);
  const failure = notice.querySelector<HTMLElement>('[role="alert"]')!;
  map.emit("tiles", { loading: 0, failed: ["demo.parcels"] });
  expect(failure.hidden).toBe(false);
  expect(failure.textContent).toContain("Part of the map could not be loaded: Parcels.");
  failure.querySelector("button")!.click();
  expect(map.calls.at(-1)).toEqual(["retry"]);
  map.emit("tiles", { loading: 0, failed: [] });
  expect(failure.hidden).toBe(true);
});

test("the sources of what is shown are named, or else the community", () => {
  const { session } = begin();
  const line = sourcesLine(session);
  expect(line.textContent).toBe("Data: Demo");
});

test.each([
  [0.02, null],
  [0.2, "peek"],
  [0.5, "half"],
  [0.9, "full"],
])("a sheet let go at %f of the map rests at %s", (share, height) => {
  expect(nearestHeight(share * 800, 800)).toBe(height);
});
