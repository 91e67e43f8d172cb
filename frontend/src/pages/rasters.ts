/** The community's rasters on the map, loaded where there are any; see pages/viewer.ts. */
import "../styles/raster.css";
import { RasterList } from "../raster/list";
import type { MapTools } from "../ui/hm-map";

export function openRasters(tools: MapTools): void {
  new RasterList(tools).open();
}
