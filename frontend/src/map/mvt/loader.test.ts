import { expect, test, vi } from "vitest";
import { encodeTile } from "../../../dev/mvt";
import { TileFailed, TileLoader } from "./loader";

const TILE = encodeTile("demo.x", [{ id: 5, type: 1, properties: {}, parts: [[1, 1]] }]);

/** Answers one after the other; the last one again and again. A status, "tile" or "down". */
function server(...answers: (number | "tile" | "down")[]) {
  const seen: AbortSignal[] = [];
  const fetch = vi.fn(async (_url: string, { signal }: { signal: AbortSignal }) => {
    seen.push(signal);
    const answer = answers[Math.min(seen.length, answers.length) - 1]!;
    if (answer === "down") throw new TypeError("Failed to fetch");
    return answer === "tile" ? new Response(TILE) : new Response(null, { status: answer });
  });
  const loader = new TileLoader({ fetch, retryMs: [1, 2], cacheFeatures: 2 });
  return { loader, fetch, seen };
}

test("a tile is fetched and decoded once for all who ask for it", async () => {
  const { loader, fetch } = server("tile");
  const [one, two] = [loader.load("/a", "demo.x"), loader.load("/a", "demo.x")];
  expect((await one.result).features[0]?.id).toBe(5);
  expect(await two.result).toBe(await one.result);
  expect(await loader.load("/a", "demo.x").result).toBe(await one.result);
  expect(fetch).toHaveBeenCalledTimes(1);
});

test.each([204, 404])("%i is an empty tile, not a failure", async (status) => {
  const { loader, fetch } = server(status);
  expect((await loader.load("/a", "demo.x").result).features).toEqual([]);
  expect(fetch).toHaveBeenCalledTimes(1);
});

test.each([500, 503, 429, "down"] as const)(
  "after %s it asks again until the tile comes",
  async (trouble) => {
    const { loader, fetch } = server(trouble, trouble, "tile");
    expect((await loader.load("/a", "demo.x").result).features).toHaveLength(1);
    expect(fetch).toHaveBeenCalledTimes(3);
  },
);

test("after the last attempt it says which tile failed and how", async () => {
  const { loader, fetch } = server(503);
  await expect(loader.load("/a", "demo.x").result).rejects.toMatchObject({ url: "/a", status: 503 });
  expect(fetch).toHaveBeenCalledTimes(3);
});

test.each([400, 401, 403])("%i will not get better and is not asked for again", async (status) => {
  const { loader, fetch } = server(status);
  await expect(loader.load("/a", "demo.x").result).rejects.toBeInstanceOf(TileFailed);
  expect(fetch).toHaveBeenCalledTimes(1);
});

test("a body that is no tile fails and is not kept", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const fetch = vi.fn(async () => new Response(new Uint8Array([0x1a, 0xff, 0xff, 0xff, 0xff, 0xff])));
  const loader = new TileLoader({ fetch, retryMs: [], cacheFeatures: 2 });
  await expect(loader.load("/a", "demo.x").result).rejects.toBeInstanceOf(TileFailed);
  expect(loader.cached("/a")).toBeUndefined();
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
});

test("a request ends when the last of those who asked lets go, not before", async () => {
  const { loader, seen } = server("down");
  const [one, two] = [loader.load("/a", "demo.x"), loader.load("/a", "demo.x")];
  const outcome = one.result.catch((error: unknown) => error);
  one.release();
  one.release();
  expect(seen[0]?.aborted).toBe(false);
  two.release();
  expect(seen[0]?.aborted).toBe(true);
  expect(await outcome).toMatchObject({ name: "AbortError" });
});

test("the cache forgets the tile that was not used for longest", async () => {
  const { loader, fetch } = server("tile");
  await loader.load("/a", "demo.x").result;
  await loader.load("/b", "demo.x").result;
  loader.cached("/a");
  await loader.load("/c", "demo.x").result;
  expect(["/a", "/b", "/c"].filter((url) => loader.cached(url))).toEqual(["/a", "/c"]);
  expect(fetch).toHaveBeenCalledTimes(3);
});
