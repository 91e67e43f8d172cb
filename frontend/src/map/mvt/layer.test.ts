// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import type { LabelCandidate } from "./candidates";
import type { Painted } from "./client";
import { MvtLayer } from "./layer";
import type { TileCoord } from "./place";
import type { ToEngine } from "./protocol";

const COORD: TileCoord = { z: 14, x: 2, y: 3 };

function begin() {
  const sent: ToEngine[] = [];
  const onState = vi.fn();
  let paint: (message: Painted) => void = () => undefined;
  const layer = new MvtLayer({ onTile: () => undefined, onState }, (onPainted) => {
    paint = onPainted;
    return {
      send: (message) => sent.push(message),
      ask: () => new Promise(() => undefined),
      close: () => undefined,
    };
  });
  const image = () =>
    ({ width: 512, height: 512, close: vi.fn() }) as unknown as ImageBitmap & { close: () => void };
  const painted = (coord: TileCoord, changes: Partial<Painted["report"]> = {}) => {
    const picture = image();
    const report = { coord, pending: [], failed: [], labels: [], ...changes };
    paint({ type: "painted", report, image: picture });
    return picture;
  };
  return { layer, sent, onState, painted };
}

test("a tile is ready with its first picture, and told so once", () => {
  const { layer, painted } = begin();
  const ready = vi.fn();
  layer.addTile(COORD, document.createElement("canvas"), 1, ready);
  painted(COORD, { pending: ["demo.slow"] });
  painted(COORD);
  expect(ready).toHaveBeenCalledOnce();
});

test("loading counts tiles with layers on their way, failed names each layer once", () => {
  const { layer, onState, painted } = begin();
  const other = { ...COORD, x: 4 };
  layer.addTile(COORD, document.createElement("canvas"), 1, () => undefined);
  layer.addTile(other, document.createElement("canvas"), 1, () => undefined);
  expect(onState).toHaveBeenLastCalledWith({ loading: 2, failed: [] });
  painted(COORD, { failed: ["demo.b", "demo.a"] });
  painted(other, { pending: ["demo.c"], failed: ["demo.b"] });
  expect(onState).toHaveBeenLastCalledWith({ loading: 1, failed: ["demo.a", "demo.b"] });
  layer.removeTile(other);
  expect(onState).toHaveBeenLastCalledWith({ loading: 0, failed: ["demo.a", "demo.b"] });
});

test("a tile with a missing layer is marked on the map until the layer comes", () => {
  const { layer, painted } = begin();
  const canvas = document.createElement("canvas");
  layer.addTile(COORD, canvas, 1, () => undefined);
  painted(COORD, { failed: ["demo.a"] });
  expect(canvas.className).toBe("hm-tile--failed");
  painted(COORD);
  expect(canvas.className).toBe("");
});

test("a removed tile gives its memory back, and a picture that comes too late is thrown away", () => {
  const { layer, sent, painted } = begin();
  const canvas = document.createElement("canvas");
  layer.addTile(COORD, canvas, 1, () => undefined);
  painted(COORD);
  layer.removeTile(COORD);
  expect([canvas.width, canvas.height]).toEqual([0, 0]);
  expect(sent.at(-1)).toEqual({ type: "drop", coord: COORD });
  expect(painted(COORD).close).toHaveBeenCalledOnce();
});

test("labels of one zoom come in world pixels", () => {
  const { layer, painted } = begin();
  layer.addTile(COORD, document.createElement("canvas"), 1, () => undefined);
  painted(COORD, { labels: [{ text: "Ґанок", x: 10, y: 20 } as LabelCandidate] });
  expect(layer.labels(14)).toMatchObject([{ text: "Ґанок", x: 2 * 512 + 10, y: 3 * 512 + 20 }]);
  expect(layer.labels(13)).toEqual([]);
});
