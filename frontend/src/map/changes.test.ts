// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type ChangedLayer, watchChanges } from "./changes";

const PARCELS = { name: "demo.parcels", version: 7 };
const ROADS = { name: "demo.roads", version: 2 };
const CHANGE: ChangedLayer = { revision: 8, boxes: [[30, 50, 31, 51]] };

let stop = () => {};
let hidden = false;

beforeEach(() => {
  vi.useFakeTimers();
  hidden = false;
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

function watching(...answers: (Record<string, ChangedLayer> | "down")[]) {
  const ask = vi.fn(async (_url: string) => {
    const answer = answers[ask.mock.calls.length - 1] ?? {};
    if (answer === "down") throw new Error("no answer");
    return { layers: answer };
  });
  const tell = vi.fn();
  stop = watchChanges(() => [PARCELS, ROADS], tell, ask);
  const queries = () => ask.mock.calls.map(([url]) => url.split("?")[1]);
  return { ask, tell, queries };
}

test("it asks what changed since the page was made, and then since what it was told", async () => {
  const { tell, queries } = watching({ "demo.parcels": CHANGE });
  await vi.advanceTimersByTimeAsync(1700);
  expect(tell.mock.calls).toEqual([["demo.parcels", CHANGE]]);
  expect(queries()).toEqual([
    "layers=demo.parcels,demo.roads&since=7,2",
    "layers=demo.parcels,demo.roads&since=8,2",
  ]);
});

test("it asks several times in a few seconds while somebody is there, seldom when nobody is, never while hidden", async () => {
  const { ask } = watching();
  await vi.advanceTimersByTimeAsync(8000);
  expect(ask.mock.calls.length).toBeGreaterThanOrEqual(9);
  await vi.advanceTimersByTimeAsync(60_000);
  ask.mockClear();
  await vi.advanceTimersByTimeAsync(50_000);
  expect(ask.mock.calls.length).toBeLessThanOrEqual(11);
  hidden = true;
  await vi.advanceTimersByTimeAsync(6000);
  ask.mockClear();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ask).not.toHaveBeenCalled();
});

test("it asks at once when the page is looked at again, and when somebody comes back to it", async () => {
  const { ask } = watching();
  hidden = true;
  await vi.advanceTimersByTimeAsync(70_000);
  ask.mockClear();
  hidden = false;
  document.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(1);
  expect(ask).toHaveBeenCalledTimes(1);
  dispatchEvent(new Event("pointermove"));
  await vi.advanceTimersByTimeAsync(1);
  expect(ask).toHaveBeenCalledTimes(2);
});

test("a server that does not answer is asked ever more seldom, until it answers", async () => {
  const { ask, tell } = watching("down", "down", "down", { "demo.parcels": CHANGE });
  await vi.advanceTimersByTimeAsync(800 + 1600 + 3200);
  expect(ask).toHaveBeenCalledTimes(3);
  await vi.advanceTimersByTimeAsync(6400);
  expect(tell).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(800);
  expect(ask).toHaveBeenCalledTimes(5);
});

test("after the end it asks no more", async () => {
  const { ask } = watching();
  stop();
  document.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(5000);
  expect(ask).not.toHaveBeenCalled();
});
