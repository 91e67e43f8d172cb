/**
 * The door for drawing engines (Geoman) that extend Leaflet itself: the same Leaflet and the same map that show the
 * tiles, never a second copy. Everything else goes through MapPort.
 */
import L from "leaflet";
import type { MapPort } from "../port";
import { LeafletMap } from "./engine";

export { L };

/** Throws when the port is not drawn by Leaflet. */
export function leafletMap(map: MapPort): LeafletMap {
  if (map instanceof LeafletMap) return map;
  throw new TypeError("This map is not drawn by Leaflet.");
}

/** Throws as `leafletMap`. */
export function nativeMap(map: MapPort): L.Map {
  return leafletMap(map).leaflet;
}
