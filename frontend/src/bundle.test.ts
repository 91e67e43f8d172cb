/** What the built browser code may weigh and contain. Builds it in memory. */
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { beforeAll, expect, test } from "vitest";

const BUDGET_KB = 120;
const EDITOR_BUDGET_KB = 110;
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

/** A script and what it imports at once. */
function withImports(...names: string[]): Set<string> {
  const needed = new Set<string>();
  const add = (name: string) => {
    const file = files.find((other) => other.name === name);
    if (!file || needed.has(name)) return;
    needed.add(name);
    for (const imported of file.chunk?.imports ?? []) add(imported);
  };
  for (const name of names) add(name);
  return needed;
}

/** Everything a reader of the map downloads: the entry, what it imports at once, and the worker. */
function viewerFiles() {
  const entry = files.find(({ chunk }) => chunk?.isEntry && chunk.name === "viewer")?.name ?? "";
  const workers = files.filter(({ name }) => name.includes("worker")).map(({ name }) => name);
  const needed = withImports(entry, ...workers);
  return files.filter(({ name }) => needed.has(name));
}

test("the public map weighs at most 120 KB of compressed script, the worker included", () => {
  const sizes = viewerFiles().map(({ name, code }) => [name, kilobytes(code)] as const);
  // One script, what it shares with the pages of imports that have no map, and the worker.
  expect(sizes.map(([name]) => name.replace(/-[\w-]{8}\.js$/, "")).sort()).toEqual([
    "assets/preload-helper",
    "assets/viewer",
    "assets/worker",
  ]);
  expect(viewerFiles().some(({ code }) => /import-upload|hm-sketch/.test(code))).toBe(false);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  expect(total, JSON.stringify(sizes)).toBeLessThan(BUDGET_KB);
});

test("the pages of imports start with at most 15 KB, and load a map only where they show one", () => {
  const entry = files.find(({ chunk }) => chunk?.isEntry && chunk.name === "import");
  const needed = files.filter(({ name }) => withImports(entry?.name ?? "").has(name));
  expect(needed.length).toBeGreaterThan(0);
  expect(needed.reduce((sum, { code }) => sum + kilobytes(code), 0)).toBeLessThan(15);
  expect(needed.some(({ code }) => code.includes("leaflet-container"))).toBe(false);
});

test("the editor adds at most 110 KB, and only for those who open it", () => {
  const viewer = new Set(viewerFiles().map(({ name }) => name));
  const editor = files.find(({ chunk }) => chunk?.isDynamicEntry && chunk.name === "editor");
  const added = [...withImports(editor?.name ?? "")].filter((name) => !viewer.has(name));
  const sizes = files.filter(({ name }) => added.includes(name)).map(({ code }) => kilobytes(code));
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(EDITOR_BUDGET_KB);
  const byReaders = files.filter(({ name }) => viewer.has(name)).map(({ code }) => code);
  expect(byReaders.some((code) => code.includes("enableGlobalEditMode"))).toBe(false);
});

test("no script makes code out of text, so the page's policy needs no unsafe-eval", () => {
  const guilty = files.filter(({ code }) => /\beval\s*\(|new Function\s*\(/.test(code));
  expect(guilty.map(({ name }) => name)).toEqual([]);
});

test("no script names an outside host", () => {
  const hosts = new Set(
    files.flatMap(({ code }) => [...code.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host)),
  );
  // The name of the SVG namespace, a link in the text of Leaflet's attribution, which is not shown, and what Geoman
  // and lodash say in warnings to programmers.
  const only = new Set(["www.w3.org", "leafletjs.com", "geoman.io", "github.com"]);
  expect([...hosts].filter((host) => !only.has(host!))).toEqual([]);
});
