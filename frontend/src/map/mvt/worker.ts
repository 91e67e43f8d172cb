/** The tile engine in a thread of its own. */
import { TileEngine } from "./engine";
import type { FromEngine, ToEngine } from "./protocol";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToEngine>) => void) | null;
  postMessage(message: FromEngine, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;

const engine = new TileEngine({
  fetch: (url, init) => fetch(url, init),
  makeCanvas: (width, height) => new OffscreenCanvas(width, height),
  toImage: (canvas) => (canvas as OffscreenCanvas).transferToImageBitmap(),
  post: (message) => {
    const image = message.type === "painted" ? [message.image as ImageBitmap] : [];
    scope.postMessage(message, image);
  },
});

scope.onmessage = ({ data }) => engine.handle(data);
