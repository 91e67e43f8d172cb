import { expect, test } from "vitest";
import { DraftShelf, type Shelf } from "./drafts";
import * as session from "./session";

const POINT: GeoJSON.Point = { type: "Point", coordinates: [29.12345678901234, 48.1] };
const BASE: session.Base = { id: 7, version: 3, geometry: POINT, properties: { name: "Ліцей" } };
const edited = () =>
  session.setValue(session.withBase(session.startSession("demo.schools"), BASE), "f7", "name", "Гімназія");

function shelf(limit = Number.POSITIVE_INFINITY): Shelf & { texts: Map<string, string> } {
  const texts = new Map<string, string>();
  return {
    texts,
    getItem: (key) => texts.get(key) ?? null,
    removeItem: (key) => void texts.delete(key),
    setItem: (key, text) => {
      if (text.length > limit) throw new DOMException("full", "QuotaExceededError");
      texts.set(key, text);
    },
  };
}

test("a draft comes back with its changes, versions, comment and every digit", () => {
  const drafts = new DraftShelf(shelf(), "5");
  const state = session.create(edited(), POINT, { name: "Нова" });
  expect(drafts.keep(state, "за рішенням", new Date("2026-11-22T10:00:00Z"))).toBe(true);
  const found = drafts.find("demo.schools")!;
  expect([found.comment, found.savedAt]).toEqual(["за рішенням", "2026-11-22T10:00:00.000Z"]);
  expect(session.changesOf(found.state, ["name"])).toEqual(session.changesOf(state, ["name"]));
  expect(session.lastCreated(session.create(found.state, POINT))).toBe("n2");
});

test("a session without changes leaves no draft behind", () => {
  const own = shelf();
  const drafts = new DraftShelf(own, "5");
  drafts.keep(edited(), "");
  drafts.keep(session.undo(edited()), "");
  expect(own.texts.size).toBe(0);
});

test("another person's draft, another layer's and a damaged one are not found", () => {
  const own = shelf();
  new DraftShelf(own, "5").keep(edited(), "");
  expect(new DraftShelf(own, "6").find("demo.schools")).toBeNull();
  expect(new DraftShelf(own, "5").find("demo.parcels")).toBeNull();
  for (const [key] of own.texts) own.texts.set(key, '{"format":1,"layer":"demo.sch');
  expect(new DraftShelf(own, "5").find("demo.schools")).toBeNull();
});

test("a full or absent shelf is said to be so, and nothing breaks", () => {
  expect(new DraftShelf(shelf(10), "5").keep(edited(), "")).toBe(false);
  expect(new DraftShelf(null, "5").keep(edited(), "")).toBe(false);
  expect(new DraftShelf(null, "5").find("demo.schools")).toBeNull();
});
