/** Leaflet's grid of tiles, filled by the tile engine. */
import L from "leaflet";
import type { MvtLayer } from "../mvt/layer";
import { TILE_PX, type TileCoord } from "../mvt/place";

/** Above this a phone pays in memory for sharpness that nobody sees. */
const MAX_RATIO = 2;

export function deviceRatio(): number {
  return Math.min(MAX_RATIO, Math.max(1, devicePixelRatio || 1));
}

export class TileGrid extends L.GridLayer {
  declare _tileZoom: number | undefined;
  declare _removeTile: (key: string) => void;

  constructor(private readonly tiles: MvtLayer) {
    super({
      tileSize: TILE_PX,
      noWrap: true,
      keepBuffer: 1,
      updateWhenZooming: false,
      className: "hm-tiles",
    });
    this.on("tileunload", (event) => {
      this.tiles.removeTile(toCoord((event as L.TileEvent).coords));
    });
  }

  override createTile(coords: L.Coords, done: L.DoneCallback): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    this.tiles.addTile(toCoord(coords), canvas, deviceRatio(), () => done(undefined, canvas));
    return canvas;
  }

  /** Leaflet calls this when the zoom changes: what is not there yet is not wanted any more. */
  _abortLoading(): void {
    for (const [key, tile] of Object.entries(this._tiles)) {
      if (tile.coords.z !== this._tileZoom && !tile.loaded) this._removeTile(key);
    }
  }
}

/** Leaflet numbers 512 px tiles by the map's zoom; the same tile is one zoom lower in the world's scheme. */
function toCoord({ x, y, z }: L.Coords): TileCoord {
  return { x, y, z: z - 1 };
}
