/** `npm run dev`: the map with a made-up town, without Django. PARCELS=200000 for a large one, BROKEN=street for trouble. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { townServer } from "./server.ts";

const { PARCELS, BROKEN, DELAY_MS } = process.env;

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  worker: { format: "es" },
  plugins: [
    townServer({ parcels: Number(PARCELS ?? 6000), broken: BROKEN ?? "", delayMs: Number(DELAY_MS ?? 0) }),
  ],
  server: { port: 5199, open: false },
});
