import { expect, test, vi } from "vitest";
import { createStore } from "./store";

const store = () => createStore({ count: 0, name: "a", list: [1] as readonly number[] });

test("a watcher hears of its own part only, with the value before", () => {
  const it = store();
  const heard = vi.fn();
  it.watch((state) => state.count, heard);
  it.set({ name: "b" });
  it.set({ count: 2 });
  expect(heard.mock.calls).toEqual([[2, 0]]);
});

test("setting the same value is no change", () => {
  const it = store();
  const heard = vi.fn();
  it.watch((state) => state, heard);
  it.set({ count: 0, list: it.get().list });
  expect(heard).not.toHaveBeenCalled();
});

test("a watcher that changes the state again leaves everyone with the last value", () => {
  const it = store();
  const heard: number[] = [];
  it.watch(
    (state) => state.count,
    (count) => {
      if (count === 1) it.set({ count: 2 });
    },
  );
  it.watch(
    (state) => state.count,
    (count) => heard.push(count),
  );
  it.set({ count: 1 });
  expect(it.get().count).toBe(2);
  expect(heard.at(-1)).toBe(2);
});

test("after leaving a watcher hears nothing, even when it leaves in the middle of a change", () => {
  const it = store();
  const heard = vi.fn();
  let leave: () => void = () => undefined;
  it.watch(
    (state) => state.count,
    () => leave(),
  );
  leave = it.watch((state) => state.count, heard);
  it.set({ count: 1 });
  expect(heard).not.toHaveBeenCalled();
});

test("the state cannot be changed past the store", () => {
  const it = store();
  expect(() => {
    (it.get() as { count: number }).count = 5;
  }).toThrow();
});
