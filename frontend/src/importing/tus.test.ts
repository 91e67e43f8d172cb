import { beforeEach, expect, test } from "vitest";
import { ApiError } from "../api/http";
import { backoff, encoded, idOf, LARGEST, type Memory, memoryKey, nextPiece, Upload } from "./tus";

/** A server that keeps uploads in memory and can be told to fail. */
class Server {
  readonly stored = new Map<string, Uint8Array>();
  readonly asked: string[] = [];
  /** What happens to the next requests: a status, "lost" before the server, "late" after it took the piece. */
  readonly failures: (number | "lost" | "late" | null)[] = [];
  /** Answers, and takes nothing. */
  deaf = false;
  private made = 0;

  fetch: typeof fetch = async (url, init) => {
    const method = init?.method ?? "GET";
    const path = String(url);
    const failure = this.failures.shift() ?? null;
    this.asked.push(`${method} ${path}`);
    if (failure === "lost") throw new TypeError("network");
    if (typeof failure === "number") return Response.json({ detail: "Ні." }, { status: failure });
    const answer = await this.answer(method, path, init!);
    if (failure === "late") throw new TypeError("network");
    return answer;
  };

  private async answer(method: string, path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (headers.get("Tus-Resumable") !== "1.0.0") return new Response(null, { status: 412 });
    if (method === "POST") {
      this.made += 1;
      const location = `/api/uploads/${this.made}`;
      this.stored.set(location, new Uint8Array());
      return new Response(null, { status: 201, headers: { Location: location } });
    }
    let bytes = this.stored.get(path);
    if (!bytes) return new Response(null, { status: 404 });
    if (method === "DELETE") this.stored.delete(path);
    if (method === "PATCH") {
      if (Number(headers.get("Upload-Offset")) !== bytes.length) return new Response(null, { status: 409 });
      if (this.deaf) return new Response(null, { status: 500 });
      bytes = new Uint8Array(await new Blob([bytes as BlobPart, init.body as Blob]).arrayBuffer());
      this.stored.set(path, bytes);
    }
    return new Response(null, { status: 204, headers: { "Upload-Offset": String(bytes.length) } });
  }
}

const content = Uint8Array.from({ length: 700_000 }, (_, i) => (i * 7) % 251);
const file = Object.assign(new Blob([content]), { name: "Вулиці.zip", lastModified: 7 });
let server: Server;
let kept: Map<string, string>;
let memory: Memory;
let waits: number[];
let stop: AbortController;

beforeEach(() => {
  server = new Server();
  kept = new Map();
  memory = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
  waits = [];
  stop = new AbortController();
});

function upload(onProgress: (sent: number) => void = () => undefined): Upload {
  return new Upload(file, {
    endpoint: "/api/uploads",
    community: "demo",
    csrfToken: "token",
    signal: stop.signal,
    memory,
    onProgress,
    fetch: server.fetch,
    sleep: async (ms) => void waits.push(ms),
    now: () => 0,
  });
}

const whole = (id: string) =>
  expect(Buffer.compare(server.stored.get(`/api/uploads/${id}`)!, content)).toBe(0);

test("a file arrives whole, piece by piece, and each piece is told", async () => {
  const seen: number[] = [];
  const id = await upload((sent) => seen.push(sent)).send();
  expect(id).toBe("1");
  whole("1");
  expect(seen).toEqual([0, 262_144, 700_000]);
});

test("a lost connection is waited for, longer each time, and nothing is sent twice", async () => {
  server.failures.push(null, null, "lost", 503, "lost");
  await upload().send();
  whole("1");
  expect(waits).toEqual([1000, 1000, 2000]);
});

test("a piece that arrived though its answer was lost is not sent again", async () => {
  server.failures.push(null, "late");
  await upload().send();
  whole("1");
  expect(server.asked.filter((line) => line.startsWith("HEAD"))).toHaveLength(1);
});

test("after a reload the upload goes on where it stopped", async () => {
  server.failures.push(null, null, 413);
  await expect(upload().send()).rejects.toThrow("Ні.");
  expect(kept.get(memoryKey("demo", file))).toBe("/api/uploads/1");
  const seen: number[] = [];
  expect(await upload((sent) => seen.push(sent)).send()).toBe("1");
  expect(seen[0]).toBe(262_144);
  whole("1");
});

test("an upload that the server no longer has begins anew", async () => {
  kept.set(memoryKey("demo", file), "/api/uploads/99");
  expect(await upload().send()).toBe("1");
  whole("1");
});

test.each([413, 507])("a refusal (%i) is not repeated and carries the server's sentence", async (status) => {
  server.failures.push(status);
  const refused = await upload()
    .send()
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApiError);
  expect(refused).toMatchObject({ status, message: "Ні." });
  expect(server.asked).toHaveLength(1);
});

test("after ten failures in a row it gives up, and keeps the address for another try", async () => {
  server.failures.push(null, ...Array.from({ length: 11 }, () => "lost" as const));
  await expect(upload().send()).rejects.toMatchObject({ status: 0 });
  expect(waits).toHaveLength(10);
  expect(kept.size).toBe(1);
});

test("a server that answers but takes nothing is given up too", async () => {
  server.deaf = true;
  await expect(upload().send()).rejects.toMatchObject({ status: 500 });
  expect(waits).toHaveLength(9);
});

test("what is cancelled is dropped at the server and forgotten here", async () => {
  server.failures.push(null, null, 413);
  const cancelled = upload();
  await cancelled.send().catch(() => undefined);
  await cancelled.discard();
  expect([server.stored.size, kept.size]).toEqual([0, 0]);
});

test("another file of the same name is another upload", () => {
  const other = Object.assign(new Blob([content]), { name: file.name, lastModified: 8 });
  expect(memoryKey("demo", other)).not.toBe(memoryKey("demo", file));
  expect(memoryKey("other", file)).not.toBe(memoryKey("demo", file));
});

test("pieces grow while they go fast, shrink while they go slowly, and never beyond 5 MB", () => {
  expect(nextPiece(300_000, 100)).toBe(600_000);
  expect(nextPiece(LARGEST, 100)).toBe(LARGEST);
  expect(nextPiece(2_000_000, 2000)).toBe(2_000_000);
  expect(nextPiece(2_000_000, 9000)).toBe(1_000_000);
  expect(nextPiece(100, 9000)).toBe(262_144);
});

test("waits double up to half a minute; names are sent as UTF-8", () => {
  expect([0, 1, 4, 5, 9].map(backoff)).toEqual([1000, 2000, 16_000, 30_000, 30_000]);
  expect(encoded("Ґ.zip")).toBe("0pAuemlw");
  expect(idOf("https://example.org/api/uploads/abc/")).toBe("abc");
});
