import { afterEach, expect, test, vi } from "vitest";
import { openTileClient } from "./client";
import type { FromEngine, ToEngine } from "./protocol";

const QUESTION = { ask: "inView", zoom: 14, box: [0, 0, 9, 9], limit: 1 } as const;

class FakeWorker {
  static last: FakeWorker;
  readonly heard: ToEngine[] = [];
  terminated = false;
  onmessage: ((event: { data: FromEngine }) => void) | null = null;
  onerror: (() => void) | null = null;
  constructor() {
    FakeWorker.last = this;
  }
  postMessage(message: ToEngine): void {
    this.heard.push(message);
  }
  terminate(): void {
    this.terminated = true;
  }
}

function open() {
  vi.stubGlobal("Worker", FakeWorker);
  // Enough of a canvas for the client to trust the worker with painting.
  vi.stubGlobal("createImageBitmap", () => undefined);
  vi.stubGlobal(
    "OffscreenCanvas",
    class {
      getContext = () => ({});
    },
  );
  return openTileClient(() => undefined);
}

afterEach(() => vi.unstubAllGlobals());

test("a question comes back with its own answer, whatever order they arrive in", async () => {
  const client = open();
  const [first, second] = [client.ask(QUESTION), client.ask(QUESTION)];
  const worker = FakeWorker.last;
  const reply = (index: number, total: number) => {
    const message = worker.heard[index] as { id: number };
    worker.onmessage?.({ data: { type: "answer", id: message.id, answer: { total, items: [] } } });
  };
  reply(1, 20);
  reply(0, 10);
  expect([(await first).total, (await second).total]).toEqual([10, 20]);
});

test("when the worker cannot be loaded the page takes over, with everything said so far", async () => {
  const client = open();
  const answer = client.ask(QUESTION);
  FakeWorker.last.onerror?.();
  expect(FakeWorker.last.terminated).toBe(true);
  expect(await answer).toEqual({ total: 0, items: [] });
  expect(await client.ask(QUESTION)).toEqual({ total: 0, items: [] });
});

test("an error after the worker has spoken does not start a second engine", () => {
  open();
  const worker = FakeWorker.last;
  worker.onmessage?.({ data: { type: "answer", id: 99, answer: [] } });
  worker.onerror?.();
  expect(worker.terminated).toBe(false);
});
