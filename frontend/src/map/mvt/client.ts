/** The page's end of the tile engine: in a worker where the browser can paint there, otherwise on the page. */
import { offscreen2dWorks } from "./canvas";
import type { Answers, FromEngine, Question, ToEngine } from "./protocol";

export type Painted = Extract<FromEngine, { type: "painted" }>;

export interface TileClient {
  send(message: ToEngine): void;
  ask<Q extends Question>(question: Q): Promise<Answers[Q["ask"]]>;
  close(): void;
}

/** The way to an engine: `post` carries messages there, the given function receives those that come back. */
interface Line {
  post(message: ToEngine): void;
  close(): void;
}
type Connect = (receive: (message: FromEngine) => void) => Line;

export function openTileClient(
  onPainted: (message: Painted) => void,
  connect: Connect = offscreen2dWorks() ? inWorker : onPage,
): TileClient {
  const waiting = new Map<number, (answer: Answers[keyof Answers]) => void>();
  let asked = 0;
  const line = connect((message) => {
    if (message.type === "painted") onPainted(message);
    else {
      waiting.get(message.id)?.(message.answer);
      waiting.delete(message.id);
    }
  });
  return {
    send: (message) => line.post(message),
    ask: <Q extends Question>(question: Q) =>
      new Promise<Answers[Q["ask"]]>((resolve) => {
        const id = ++asked;
        waiting.set(id, resolve as (answer: Answers[keyof Answers]) => void);
        line.post({ type: "question", id, question });
      }),
    close: () => line.close(),
  };
}

function inWorker(receive: (message: FromEngine) => void): Line {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const line = { post: (message: ToEngine) => worker.postMessage(message), close: () => worker.terminate() };
  /** What was sent before the worker's first word; null after it. */
  let early: ToEngine[] | null = [];
  let open: Line = {
    post: (message) => {
      early?.push(message);
      line.post(message);
    },
    close: line.close,
  };
  worker.onmessage = ({ data }: MessageEvent<FromEngine>) => {
    early = null;
    receive(data);
  };
  // A worker that cannot be loaded says nothing but this; then the page does the work itself.
  worker.onerror = () => {
    if (!early) return;
    worker.terminate();
    open = onPage(receive);
    for (const message of early) open.post(message);
    early = null;
  };
  return { post: (message) => open.post(message), close: () => open.close() };
}

/** Loads the engine only here: browsers with a worker canvas never download it twice. */
function onPage(receive: (message: FromEngine) => void): Line {
  let open = true;
  const engine = import("./engine").then(
    ({ TileEngine }) =>
      new TileEngine({
        fetch: (url, init) => fetch(url, init),
        makeCanvas: (width, height) => Object.assign(document.createElement("canvas"), { width, height }),
        toImage: (canvas) => canvas as HTMLCanvasElement,
        post: (message) => {
          if (open) receive(message);
        },
      }),
  );
  return {
    post: (message) => void engine.then((it) => it.handle(message)),
    close: () => {
      open = false;
    },
  };
}
