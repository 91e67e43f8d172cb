/** What the built browser code may weigh and contain. Builds it in memory. */
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { beforeAll, expect, test } from "vitest";

const BUDGET_KB = 120;
let files: { name: string; code: string; chunk: Rolldown.OutputChunk | null }[];

beforeAll(async () => {
  const result = await build({ configFile: "vite.config.ts", logLevel: "silent", build: { write: false } });
  const outputs = (Array.isArray(result) ? result : [result]) as Rolldown.RolldownOutput[];
  files = outputs
    .flatMap(({ output }) => output as readonly (Rolldown.OutputChunk | Rolldown.OutputAsset)[])
    .filter(({ fileName }) => fileName.endsWith(".js"))
    .map((file) => {
      const chunk = file.type === "chunk" ? file : null;
      const code = chunk ? chunk.code : String((file as Rolldown.OutputAsset).source);
      return { name: file.fileName, code, chunk };
    });
}, 60_000);

const kilobytes = (code: string) => gzipSync(code, { level: 9 }).byteLength / 1024;

/** Everything a reader of the map downloads: the entry, what it imports at once, and the worker. */
function viewerFiles() {
  const needed = new Set<string>();
  const add = (name: string) => {
    const file = files.find((other) => other.name === name);
    if (!file || needed.has(name)) return;
    needed.add(name);
    for (const imported of file.chunk?.imports ?? []) add(imported);
  };
  add(files.find(({ chunk }) => chunk?.isEntry && chunk.name === "viewer")?.name ?? "");
  for (const { name } of files) if (name.includes("worker")) add(name);
  return files.filter(({ name }) => needed.has(name));
}

test("the public map weighs at most 120 KB of compressed script, the worker included", () => {
  const sizes = viewerFiles().map(({ name, code }) => [name, kilobytes(code)] as const);
  expect(sizes.map(([name]) => name.replace(/-[\w-]{8}\.js$/, "")).sort()).toEqual([
    "assets/viewer",
    "assets/worker",
  ]);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  expect(total, JSON.stringify(sizes)).toBeLessThan(BUDGET_KB);
});

test("no script makes code out of text, so the page's policy needs no unsafe-eval", () => {
  const guilty = files.filter(({ code }) => /\beval\s*\(|new Function\s*\(/.test(code));
  expect(guilty.map(({ name }) => name)).toEqual([]);
});

test("no script names an outside host", () => {
  const hosts = new Set(
    files.flatMap(({ code }) => [...code.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host)),
  );
  // The name of the SVG namespace, and a link in the text of Leaflet's attribution, which is not shown.
  expect([...hosts].filter((host) => host !== "www.w3.org" && host !== "leafletjs.com")).toEqual([]);
});
