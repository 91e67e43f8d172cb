import fc from "fast-check";
import { expect, test } from "vitest";
import * as session from "./session";

const square = (side = 1): GeoJSON.Polygon => ({
  type: "Polygon",
  coordinates: [
    [
      [30, 50],
      [30 + side, 50],
      [30 + side, 50 + side],
      [30, 50],
    ],
  ],
});
const BASE: session.Base = { id: 7, version: 3, geometry: square(), properties: { name: "Ліцей", rooms: 5 } };
const begin = () => session.withBase(session.startSession("demo.parcels"), BASE);
const FIELDS = ["name", "rooms"];
const sent = (state: session.EditState) => session.changesOf(state, FIELDS).map(({ change }) => change);

test("a feature that was only looked at is no change", () => {
  expect(sent(begin())).toEqual([]);
  expect(session.feature(begin(), "f7")).toMatchObject({ id: 7, deleted: false, geometry: square() });
});

test("an update is sent whole, on the version it was made on, with the layer's fields alone", () => {
  const state = session.setValue(begin(), "f7", "name", "Гімназія");
  expect(sent(state)).toEqual([
    { op: "U", id: 7, base_version: 3, geometry: square(), properties: { name: "Гімназія", rooms: 5 } },
  ]);
  expect(session.changesOf(state, ["name"])[0]!.change).toMatchObject({ properties: { name: "Гімназія" } });
});

test("a change that is taken back by hand is no change", () => {
  const there = session.reshape(begin(), "f7", square(2));
  expect(sent(session.reshape(there, "f7", square()))).toEqual([]);
  const emptied = session.setValue(begin(), "f7", "name", null);
  expect(sent(emptied)[0]).toMatchObject({ properties: { rooms: 5 } });
  expect(sent(session.setValue(emptied, "f7", "name", "Ліцей"))).toEqual([]);
});

test("a new feature is created once, and one that is deleted again is not sent at all", () => {
  const state = session.create(begin(), square(), {});
  const key = session.lastCreated(state);
  expect(sent(session.setValue(state, key, "name", "Нова"))).toEqual([
    { op: "C", geometry: square(), properties: { name: "Нова" } },
  ]);
  const gone = session.remove(state, key);
  expect(sent(gone)).toEqual([]);
  expect(session.feature(gone, key)).toBeNull();
  expect(session.feature(session.undo(gone), key)).not.toBeNull();
});

test("a deleted feature cannot be changed, but can be restored or brought back by undo", () => {
  const gone = session.remove(session.setValue(begin(), "f7", "name", "x"), "f7");
  expect(sent(gone)).toEqual([{ op: "D", id: 7, base_version: 3 }]);
  expect(session.setValue(gone, "f7", "name", "y")).toBe(gone);
  expect(session.reshape(gone, "f7", square(3))).toBe(gone);
  expect(sent(session.restore(gone, "f7"))).toEqual([]);
  expect(sent(session.undo(gone))[0]).toMatchObject({ op: "U", properties: { name: "x" } });
});

test("a new step forgets what could have been redone, and each end of history is an end", () => {
  const one = session.reshape(begin(), "f7", square(2));
  const back = session.undo(one);
  expect(session.redoStep(back)?.kind).toBe("reshape");
  expect(session.undo(back)).toBe(back);
  const other = session.setValue(back, "f7", "rooms", 6);
  expect(session.redoStep(other)).toBeNull();
  expect(session.redo(other)).toBe(other);
});

test("letters typed into one field are one step, and so are arrow keys; another field is another step", () => {
  let state = begin();
  for (const text of ["Г", "Гі", "Гім"]) state = session.setValue(state, "f7", "name", text);
  state = session.setValue(state, "f7", "rooms", 6);
  state = session.reshape(state, "f7", square(1.1), "nudge");
  state = session.reshape(state, "f7", square(1.2), "nudge");
  expect(state.steps.map(({ kind, field }) => field ?? kind)).toEqual(["start", "name", "rooms", "nudge"]);
  expect(session.feature(session.undo(state), "f7")?.geometry).toEqual(square());
});

test("a newer version does not become the base of changes made on an older one", () => {
  const changed = session.reshape(begin(), "f7", square(2));
  const newer = { ...BASE, version: 9, properties: {} };
  for (const state of [changed, session.undo(changed)]) {
    expect(session.withBase(state, newer).bases.get("f7")?.version).toBe(3);
  }
  expect(session.withBase(begin(), newer).bases.get("f7")?.version).toBe(9);
});

test("whatever is done, undoing all of it is the beginning, and redoing all of it the end", () => {
  const action = fc.oneof(
    fc.record({ do: fc.constant("reshape" as const), side: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ do: fc.constant("set" as const), value: fc.constantFrom("a", "b", null) }),
    fc.record({ do: fc.constantFrom("create" as const, "remove" as const, "restore" as const) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      let state = begin();
      for (const step of actions) {
        const before = JSON.stringify([...session.drafts(state)]);
        const next =
          step.do === "reshape"
            ? session.reshape(state, "f7", square(step.side))
            : step.do === "set"
              ? session.setValue(state, "f7", "name", step.value)
              : step.do === "create"
                ? session.create(state, square())
                : step.do === "remove"
                  ? session.remove(state, "f7")
                  : session.restore(state, "f7");
        expect(JSON.stringify([...session.drafts(state)])).toBe(before);
        state = next;
      }
      const end = sent(state);
      const steps = state.steps.length;
      for (let i = 0; i < steps; i++) state = session.undo(state);
      expect(sent(state)).toEqual([]);
      for (let i = 0; i < steps; i++) state = session.redo(state);
      expect(sent(state)).toEqual(end);
    }),
  );
});

test("a long day keeps the newest steps", () => {
  let state = begin();
  for (let i = 0; i < session.MAX_STEPS + 50; i++) state = session.create(state, square());
  expect(state.steps).toHaveLength(session.MAX_STEPS);
  expect(session.drafts(state).size).toBe(session.MAX_STEPS + 50);
});
