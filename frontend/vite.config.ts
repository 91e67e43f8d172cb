/// <reference types="vitest/config" />
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));

/** Loaded by import() from the viewer, by those alone who need it. */
const ON_DEMAND = new Set(["editor.ts", "rasters.ts"]);

/** Every script in src/pages is an entry of its own; so is the style sheet that all Django pages share. */
function entries(): string[] {
  const pages = readdirSync(`${root}src/pages`)
    .filter((name) => name.endsWith(".ts") && !name.includes(".test.") && !ON_DEMAND.has(name))
    .map((name) => `src/pages/${name}`);
  const sheets = ["src/styles/base.css"].filter((path) => existsSync(root + path));
  return [...pages, ...sheets];
}

export default defineConfig({
  root,
  // Relative, so that the worker and the chunks are found under whatever STATIC_URL Django serves them from.
  base: "./",
  publicDir: "public",
  worker: { format: "es" },
  build: {
    outDir: "static/frontend",
    emptyOutDir: true,
    // Not the default .vite/manifest.json: collectstatic leaves out names that begin with a dot.
    manifest: "manifest.json",
    target: "es2022",
    modulePreload: { polyfill: false },
    // A font or an icon inside the style sheet would be a data: URI, which the CSP refuses for fonts.
    assetsInlineLimit: 0,
    rolldownOptions: { input: entries().map((path) => root + path) },
  },
  test: {
    include: ["src/**/*.test.ts", "dev/**/*.test.ts"],
    environment: "node",
    testTimeout: 20_000,
  },
});
