import { expect, test } from "vitest";
import type { TheirState } from "../api/edits";
import { type Choice, conflictsIn, differences, kept, resolve } from "./conflicts";
import * as session from "./session";

const at = (lng: number): GeoJSON.Point => ({ type: "Point", coordinates: [lng, 50] });
const FIELDS = ["name", "kind", "rooms"].map((key) => ({ key, title: key, type: "string" as const }));
const KEYS = FIELDS.map(({ key }) => key);
const BASE: session.Base = { id: 7, version: 1, geometry: at(30), properties: { name: "було", rooms: "5" } };
const begin = () => session.withBase(session.startSession("demo.schools"), BASE);
const theirs = (changes: Partial<TheirState>): TheirState => ({
  version: 4,
  geometry: at(30),
  properties: BASE.properties,
  updated_at: "2026-11-22T10:00:00Z",
  ...changes,
});
const decided = (choice: Choice) => new Map([["f7", choice]]);
const sent = (state: session.EditState) => session.changesOf(state, KEYS).map(({ change }) => change);

function clash(mine: session.EditState, other: TheirState | null) {
  return { mine, conflicts: conflictsIn(mine, [{ id: 7, theirs: other }]) };
}

test("where both changed a field mine is kept, and what only they changed stays theirs", () => {
  const edit = session.setValue(begin(), "f7", "name", "моє");
  const other = theirs({ properties: { name: "їхнє", rooms: "9" }, geometry: at(31) });
  const { mine, conflicts } = clash(edit, other);
  const rows = differences(FIELDS, conflicts[0]!);
  expect(rows.map(({ field, changedBy }) => [field?.key ?? "geometry", changedBy])).toEqual([
    ["name", "both"],
    ["rooms", "theirs"],
    ["geometry", "theirs"],
  ]);
  expect(rows.map((row) => kept(row, "mine"))).toEqual(["mine", "theirs", "theirs"]);
  expect(sent(resolve(mine, conflicts, decided("mine")))).toEqual([
    { op: "U", id: 7, base_version: 4, geometry: at(31), properties: { name: "моє", rooms: "9" } },
  ]);
});

test("a value that I emptied and they kept is emptied; one that they emptied and I kept is emptied too", () => {
  const edit = session.setValue(begin(), "f7", "name", null);
  const { mine, conflicts } = clash(edit, theirs({ properties: { name: "було" } }));
  expect(sent(resolve(mine, conflicts, decided("mine")))[0]).toMatchObject({ properties: {} });
});

test("to take theirs is to drop my changes of that feature, and of no other", () => {
  const edit = session.create(session.setValue(begin(), "f7", "name", "моє"), at(33), { name: "нова" });
  const { mine, conflicts } = clash(edit, theirs({}));
  const next = resolve(mine, conflicts, decided("theirs"));
  expect(sent(next)).toEqual([{ op: "C", geometry: at(33), properties: { name: "нова" } }]);
  expect(next.bases.get("f7")?.version).toBe(4);
});

test("what they deleted and I keep is created again; with theirs it is gone", () => {
  const edit = session.setValue(begin(), "f7", "name", "моє");
  const { mine, conflicts } = clash(edit, null);
  expect(differences(FIELDS, conflicts[0]!)).toEqual([]);
  expect(sent(resolve(mine, conflicts, decided("mine")))).toEqual([
    { op: "C", geometry: at(30), properties: { name: "моє", rooms: "5" } },
  ]);
  const without = resolve(mine, conflicts, decided("theirs"));
  expect(sent(without)).toEqual([]);
  expect(session.feature(without, "f7")).toBeNull();
});

test("what I deleted and they changed is deleted on their version, or stays as they have it", () => {
  const { mine, conflicts } = clash(session.remove(begin(), "f7"), theirs({ geometry: at(31) }));
  expect(sent(resolve(mine, conflicts, decided("mine")))).toEqual([{ op: "D", id: 7, base_version: 4 }]);
  expect(sent(resolve(mine, conflicts, decided("theirs")))).toEqual([]);
});

test("what both deleted is nothing to save, whatever is chosen", () => {
  const { mine, conflicts } = clash(session.remove(begin(), "f7"), null);
  for (const choice of ["mine", "theirs"] as const) {
    expect(sent(resolve(mine, conflicts, decided(choice)))).toEqual([]);
  }
});

test("after a decision undo does not lead back to the version that is past", () => {
  const { mine, conflicts } = clash(session.setValue(begin(), "f7", "name", "моє"), theirs({}));
  const next = resolve(mine, conflicts, decided("mine"));
  expect(session.undo(next)).toBe(next);
});

test("conflicts about features that are not being edited are none of ours", () => {
  expect(
    conflictsIn(begin(), [
      { id: 7, theirs: null },
      { id: 8, theirs: null },
    ]),
  ).toEqual([]);
});
