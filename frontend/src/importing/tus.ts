/**
 * Sends a file in pieces over tus 1.0 (https://tus.io/protocols/resumable-upload), so that a lost connection or a
 * reload costs one piece at most. The address of an unfinished upload is remembered by the file's name, size and
 * date; the server is asked how much of it is there, never guessed.
 */
import { ApiError } from "../api/http";

const VERSION = "1.0.0";
const SMALLEST = 256 * 1024;
export const LARGEST = 5 * 1024 * 1024;
/** A piece should take about so long: then progress is seen, and little is lost. */
const PIECE_MS = 1500;
const TRIES = 10;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

export interface Sendable {
  readonly name: string;
  readonly size: number;
  readonly lastModified: number;
  slice(start: number, end: number): Blob;
}

/** What of `localStorage` is used. */
export type Memory = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface UploadOptions {
  readonly endpoint: string;
  readonly community: string;
  readonly csrfToken: string;
  readonly signal: AbortSignal;
  readonly memory: Memory;
  onProgress(sent: number): void;
  /** The connection is lost (true), and back again (false). */
  onWaiting?(waiting: boolean): void;
  readonly fetch?: typeof fetch;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now?: () => number;
}

/** Where the upload of this file is remembered. */
export function memoryKey(community: string, file: Sendable): string {
  return `hm-upload:${community}:${file.size}:${file.lastModified}:${file.name}`;
}

/** base64 of the UTF-8 bytes, as the header Upload-Metadata wants it. */
export function encoded(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** The id of an upload: the last part of its address. */
export function idOf(location: string): string {
  return location.replace(/\/+$/, "").split("/").pop() ?? "";
}

/** Twice the size while pieces go fast, half of it while they go slowly. */
export function nextPiece(bytes: number, tookMs: number): number {
  const wanted = tookMs < PIECE_MS ? bytes * 2 : tookMs > PIECE_MS * 4 ? bytes / 2 : bytes;
  return Math.min(LARGEST, Math.max(SMALLEST, Math.round(wanted)));
}

/** How long to wait before another try; `attempt` counts from 0. */
export function backoff(attempt: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS);
}

/** Only these answers may be different a moment later; 0 stands for no answer, 507 is a full disk. */
function passes(status: number): boolean {
  if (status === 507) return false;
  return status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
}

/** One file on its way; `send` may be called again after a failure and goes on where the server stopped. */
export class Upload {
  /** The address of the upload, once the server gave one. */
  location = "";

  constructor(
    readonly file: Sendable,
    private readonly options: UploadOptions,
  ) {}

  /** Returns the id of the complete upload. Throws ApiError, or AbortError when the signal ends it. */
  async send(): Promise<string> {
    const { file, options } = this;
    let offset = await this.patiently(() => this.begin());
    options.onProgress(offset);
    let piece = SMALLEST;
    for (let failures = 0; offset < file.size; ) {
      const began = this.now();
      const from = offset;
      try {
        offset = await this.patch(from, piece);
        piece = nextPiece(piece, this.now() - began);
      } catch (error) {
        await this.pause(error, failures);
        offset = await this.patiently(() => this.offset());
      }
      // A server that answers, but takes nothing, must not be asked for ever.
      failures = offset > from ? 0 : failures + 1;
      options.onProgress(offset);
    }
    return idOf(this.location);
  }

  /** The file has become an import: a later upload of it starts anew. */
  forget(): void {
    this.options.memory.removeItem(memoryKey(this.options.community, this.file));
  }

  /** Tells the server to drop what it has. Never throws: what is left there expires. */
  async discard(): Promise<void> {
    this.forget();
    if (!this.location) return;
    const init = { method: "DELETE", headers: this.headers() };
    await (this.options.fetch ?? fetch)(this.location, init).catch(() => undefined);
  }

  /** How much is there already: of a remembered upload, else of a new one. */
  private async begin(): Promise<number> {
    const { memory, community } = this.options;
    const key = memoryKey(community, this.file);
    this.location ||= memory.getItem(key) ?? "";
    if (this.location) {
      try {
        return await this.offset();
      } catch (error) {
        if (!(error instanceof ApiError) || passes(error.status)) throw error;
        this.location = ""; // expired, or somebody else's: begin anew
      }
    }
    this.location = await this.create();
    memory.setItem(key, this.location);
    return 0;
  }

  private async create(): Promise<string> {
    const metadata = { filename: this.file.name, community: this.options.community };
    const answer = await this.request(this.options.endpoint, "POST", {
      "Upload-Length": String(this.file.size),
      "Upload-Metadata": Object.entries(metadata)
        .map(([name, text]) => `${name} ${encoded(text)}`)
        .join(","),
    });
    const location = answer.headers.get("Location");
    if (!location) throw new ApiError(answer.status, "no-location", "The server named no address.");
    return location;
  }

  private async offset(): Promise<number> {
    return offsetOf(await this.request(this.location, "HEAD"));
  }

  private async patch(offset: number, bytes: number): Promise<number> {
    const body = this.file.slice(offset, Math.min(offset + bytes, this.file.size));
    const headers = { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
    return offsetOf(await this.request(this.location, "PATCH", headers, body));
  }

  private async request(
    url: string,
    method: string,
    headers: Record<string, string> = {},
    body: Blob | null = null,
  ): Promise<Response> {
    const { signal } = this.options;
    let answer: Response;
    try {
      const init = { method, headers: this.headers(headers), body, signal };
      answer = await (this.options.fetch ?? fetch)(url, init);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ApiError(0, "no-answer", "The server could not be reached.");
    }
    if (answer.ok) return answer;
    throw await refusal(answer);
  }

  private headers(more: Record<string, string> = {}): Record<string, string> {
    return {
      "Tus-Resumable": VERSION,
      "X-CSRFToken": this.options.csrfToken,
      Accept: "application/problem+json",
      ...more,
    };
  }

  /** Tries until it works, waiting longer each time. */
  private async patiently(work: () => Promise<number>): Promise<number> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await work();
      } catch (error) {
        await this.pause(error, failures);
      }
    }
  }

  /** Waits before another try; throws the error where it would not help, or was tried often enough. */
  private async pause(error: unknown, failures: number): Promise<void> {
    if (!(error instanceof ApiError) || !passes(error.status) || failures + 1 >= TRIES) throw error;
    this.options.onWaiting?.(true);
    await (this.options.sleep ?? wait)(backoff(failures), this.options.signal);
    this.options.onWaiting?.(false);
  }

  private now(): number {
    return (this.options.now ?? (() => performance.now()))();
  }
}

function offsetOf(answer: Response): number {
  const offset = Number(answer.headers.get("Upload-Offset"));
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new ApiError(answer.status, "no-offset", "The server did not say how much it has.");
  }
  return offset;
}

async function refusal(answer: Response): Promise<ApiError> {
  const problem = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const text = problem.detail ?? problem.title;
  const message = typeof text === "string" && text ? text : `HTTP ${answer.status}`;
  return new ApiError(answer.status, String(problem.code ?? "unknown"), message, problem);
}

/** Waits, or as soon as the network is back. Rejects when the signal ends the upload. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (done: () => void) => {
      clearTimeout(timer);
      removeEventListener("online", online);
      signal.removeEventListener("abort", aborted);
      done();
    };
    const online = () => end(resolve);
    const aborted = () => end(() => reject(signal.reason));
    const timer = setTimeout(online, ms);
    addEventListener("online", online);
    signal.addEventListener("abort", aborted);
  });
}
