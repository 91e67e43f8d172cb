/** Features as the API gives them. */
import type { LayerConfig } from "./config";
import { requestJson } from "./http";

export type FeatureProperties = Readonly<Record<string, unknown>>;

export interface FeatureItem {
  readonly type: "Feature";
  readonly id: number | string;
  readonly geometry: GeoJSON.Geometry | null;
  readonly properties: FeatureProperties;
}

export function withId(address: string, id: number): string {
  return address.replace("{id}", String(id));
}

export function fetchItem(layer: LayerConfig, id: number, signal: AbortSignal): Promise<FeatureItem> {
  return requestJson<FeatureItem>(withId(layer.itemUrl, id), { signal });
}
