/** A Vite plugin that answers as Django would: tiles, items and the map's configuration of the made-up town. */
import type { IncomingMessage, ServerResponse } from "node:http";
import GeoJSONVT from "geojson-vt";
import type { Plugin } from "vite";
import { townConfig } from "./layers.ts";
import { encodeTile, type TileInput } from "./mvt.ts";
import { makeTown } from "./town.ts";

interface Reply {
  readonly status: number;
  readonly type?: string;
  readonly body?: string | Uint8Array;
}

/** `parcels` about how many; `broken`: tiles of this layer answer 503, to see how the map bears it. */
export function townServer({ parcels = 6000, broken = "", delayMs = 0 } = {}): Plugin {
  const town = makeTown(parcels);
  const tiles = new Map(
    Object.entries(town).map(([slug, features]) => {
      const options = { maxZoom: 16, indexMaxZoom: 10, tolerance: 2, buffer: 128, extent: 4096 };
      return [slug, new GeoJSONVT({ type: "FeatureCollection", features } as never, options)] as const;
    }),
  );

  const tile = (slug: string, z: number, x: number, y: number): Reply => {
    if (slug === broken) return { status: 503 };
    const raw = tiles.get(slug)?.getTile(z, x, y);
    if (!raw || raw.features.length === 0) return { status: 204 };
    const features = raw.features.map(({ id, type, geometry, tags }): TileInput => {
      const lines = (type === 1 ? [geometry] : geometry) as [number, number][][];
      const open = type === 3 ? lines.map((part) => part.slice(0, -1)) : lines;
      const parts = open.map((part) => part.flat());
      return { id: Number(id), type, properties: tags as TileInput["properties"], parts };
    });
    const type = "application/vnd.mapbox-vector-tile";
    return { status: 200, type, body: encodeTile(`demo.${slug}`, features) };
  };

  const item = (slug: string, id: number): Reply => {
    const found = town[slug]?.find((feature) => feature.id === id);
    if (found) return { status: 200, type: "application/geo+json", body: JSON.stringify(found) };
    const problem = { status: 404, code: "not-found", title: "Not found" };
    return { status: 404, type: "application/problem+json", body: JSON.stringify(problem) };
  };

  const reply = (path: string): Reply | null => {
    const [, slug, z, x, y] = /^\/tiles\/demo\.(\w+)\/(\d+)\/(\d+)\/(\d+)\.mvt$/.exec(path) ?? [];
    if (slug) return tile(slug, Number(z), Number(x), Number(y));
    const [, layer, id] = /^\/api\/collections\/demo\.(\w+)\/items\/(\d+)$/.exec(path) ?? [];
    return layer ? item(layer, Number(id)) : null;
  };

  const serve = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const found = reply(new URL(request.url ?? "/", "http://town").pathname);
    if (!found) {
      next();
      return;
    }
    const { status, type = "text/plain", body = "" } = found;
    setTimeout(() => response.writeHead(status, { "Content-Type": type }).end(body), delayMs);
  };

  return {
    name: "town",
    configureServer: (server) => void server.middlewares.use(serve),
    configurePreviewServer: (server) => void server.middlewares.use(serve),
    transformIndexHtml: (html, { originalUrl = "" }) => {
      const lang = new URL(originalUrl, "http://town").searchParams.get("lang") ?? "uk";
      const json = JSON.stringify(townConfig(town, lang)).replaceAll("<", "\\u003c");
      return html.replace('<html lang="uk">', `<html lang="${lang}">`).replace('"MAP_CONFIG"', () => json);
    },
  };
}
