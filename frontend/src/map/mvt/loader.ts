/** Fetches and decodes tiles: each address once however many ask, with retries, until nobody wants it any more. */
import { type DecodedTile, decodeTile } from "./decode";

/** A tile that could not be had after all attempts. `status` 0 = no answer from the server. */
export class TileFailed extends Error {
  constructor(
    readonly url: string,
    readonly status: number,
  ) {
    super(`Tile ${url} failed with ${status || "no answer"}`);
  }
}

export interface LoaderOptions {
  readonly fetch: (url: string, init: { signal: AbortSignal }) => Promise<Response>;
  /** Pauses before the 2nd, 3rd … attempt. */
  readonly retryMs: readonly number[];
  /** Decoded tiles are kept after use while they hold no more features than this; an empty one counts as one. */
  readonly cacheFeatures: number;
}

export const LOADER_DEFAULTS: Omit<LoaderOptions, "fetch"> = {
  retryMs: [600, 2000, 5000],
  cacheFeatures: 150_000,
};

interface Request {
  readonly abort: AbortController;
  readonly result: Promise<DecodedTile>;
  wanted: number;
}

export class TileLoader {
  private readonly requests = new Map<string, Request>();
  /** Insertion order = age: a hit is put back at the end. */
  private readonly cache = new Map<string, DecodedTile>();
  private cachedFeatures = 0;

  constructor(private readonly options: LoaderOptions) {}

  cached(url: string): DecodedTile | undefined {
    const tile = this.cache.get(url);
    if (tile) this.remember(url, tile);
    return tile;
  }

  /** Rejects with TileFailed, or with an AbortError once everyone who asked has called `release`. */
  load(url: string, layerName: string): { result: Promise<DecodedTile>; release: () => void } {
    const known = this.cached(url);
    if (known) return { result: Promise.resolve(known), release: () => undefined };
    let request = this.requests.get(url);
    if (!request) {
      const abort = new AbortController();
      request = { abort, wanted: 0, result: this.fetchTile(url, layerName, abort.signal) };
      this.requests.set(url, request);
      const forget = () => {
        if (this.requests.get(url) === request) this.requests.delete(url);
      };
      request.result.then(forget, forget);
    }
    request.wanted++;
    return { result: request.result, release: once(() => this.release(url, request)) };
  }

  private release(url: string, request: Request): void {
    if (--request.wanted > 0) return;
    if (this.requests.get(url) === request) this.requests.delete(url);
    request.abort.abort();
  }

  private async fetchTile(url: string, layerName: string, signal: AbortSignal): Promise<DecodedTile> {
    for (let attempt = 0; ; attempt++) {
      const pause = this.options.retryMs[attempt];
      const answer = await this.attempt(url, signal);
      if (typeof answer !== "number") {
        const tile = decodeOrFail(answer, layerName, url);
        this.remember(url, tile);
        return tile;
      }
      if (pause === undefined || !worthRetrying(answer)) throw new TileFailed(url, answer);
      // Spread out, so that a server that comes back is not met by all tiles at once.
      await sleep(pause * (0.75 + Math.random() / 2), signal);
    }
  }

  /** The body, or the status that came instead. 204 and 404 are an empty body: there is nothing there. */
  private async attempt(url: string, signal: AbortSignal): Promise<ArrayBuffer | number> {
    try {
      const response = await this.options.fetch(url, { signal });
      if (response.status === 204 || response.status === 404) return new ArrayBuffer(0);
      return response.ok ? await response.arrayBuffer() : response.status || 0;
    } catch {
      if (signal.aborted) throw signal.reason;
      return 0;
    }
  }

  private remember(url: string, tile: DecodedTile): void {
    this.forget(url);
    this.cache.set(url, tile);
    this.cachedFeatures += weight(tile);
    for (const oldest of this.cache.keys()) {
      if (this.cachedFeatures <= this.options.cacheFeatures) break;
      this.forget(oldest);
    }
  }

  private forget(url: string): void {
    const tile = this.cache.get(url);
    if (tile) this.cachedFeatures -= weight(tile);
    this.cache.delete(url);
  }
}

function weight(tile: DecodedTile): number {
  return Math.max(1, tile.features.length);
}

function decodeOrFail(body: ArrayBuffer, layerName: string, url: string): DecodedTile {
  try {
    return decodeTile(body, layerName);
  } catch (error) {
    console.warn(`Tile ${url} is not a vector tile: ${String(error)}`);
    throw new TileFailed(url, 200);
  }
}

function worthRetrying(status: number): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}
