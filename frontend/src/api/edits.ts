/** Writing through our API: features at full precision, changesets, and what the server answers to them. */
import type { LayerConfig } from "./config";
import { type FeatureItem, type FeatureProperties, withId } from "./features";
import { ApiError, requestJson } from "./http";

/** A feature as it is stored: every digit of its coordinates, and the version that an edit is based on. */
export interface ExactItem extends FeatureItem {
  readonly id: number;
  readonly geometry: GeoJSON.Geometry;
  readonly version: number;
}

export type Change =
  | { readonly op: "C"; readonly geometry: GeoJSON.Geometry; readonly properties: FeatureProperties }
  | {
      readonly op: "U";
      readonly id: number;
      readonly base_version: number;
      readonly geometry: GeoJSON.Geometry;
      readonly properties: FeatureProperties;
    }
  | { readonly op: "D"; readonly id: number; readonly base_version: number };

export interface ChangesetAnswer {
  readonly id: number;
  /** "applied", or "submitted" where the layer's changes wait for review. */
  readonly status: string;
  readonly revision: number | null;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  /** In the order in which the creations were sent. */
  readonly created_ids: readonly number[];
}

export interface TheirState {
  readonly version: number;
  readonly geometry: GeoJSON.Geometry;
  readonly properties: FeatureProperties;
  readonly updated_at: string;
}

/** One feature of a 409: `theirs` null = deleted meanwhile. */
export interface ServerConflict {
  readonly id: number;
  readonly theirs: TheirState | null;
}

/** One value of a 422 that does not fit its field. */
export interface ServerIssue {
  readonly field: string;
  readonly value: unknown;
  readonly message: string;
}

/** More neighbours than this are too many to snap to. */
const NEIGHBOURS = 500;

export function fetchExact(layer: LayerConfig, id: number, signal?: AbortSignal): Promise<ExactItem> {
  const address = `${withId(layer.itemUrl, id)}?coordinates=full`;
  // Never a kept copy: an edit on an old version would be refused.
  return requestJson<ExactItem>(address, { cache: "no-store", ...(signal && { signal }) });
}

/** What lies in a box, at full precision: other borders for the pointer to snap to. */
export async function fetchNeighbours(
  layer: LayerConfig,
  box: readonly number[],
  signal: AbortSignal,
): Promise<readonly FeatureItem[]> {
  const bbox = box.map((side) => side.toFixed(6)).join(",");
  const address = `${collection(layer)}/items?coordinates=full&limit=${NEIGHBOURS}&bbox=${bbox}`;
  const page = await requestJson<{ features: readonly FeatureItem[] }>(address, { signal });
  return page.features;
}

export function sendChangeset(
  layer: LayerConfig,
  body: { readonly comment: string; readonly changes: readonly Change[] },
  csrfToken: string,
): Promise<ChangesetAnswer> {
  return requestJson<ChangesetAnswer>(`${collection(layer)}/changesets`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken },
    body: JSON.stringify(body),
  });
}

export function conflictsOf(error: unknown): readonly ServerConflict[] {
  if (!(error instanceof ApiError) || error.code !== "stale-edit") return [];
  return Array.isArray(error.problem.conflicts) ? (error.problem.conflicts as ServerConflict[]) : [];
}

export function issuesOf(error: unknown): readonly ServerIssue[] {
  if (!(error instanceof ApiError) || error.status !== 422) return [];
  return Array.isArray(error.problem.issues) ? (error.problem.issues as ServerIssue[]) : [];
}

/** The cookie is newer than the page where somebody signed in again in another window. */
export function csrfToken(cookies: string, fromPage: string | undefined): string {
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(cookies)?.[1] ?? fromPage ?? "";
}

function collection(layer: LayerConfig): string {
  return layer.itemUrl.replace(/\/items\/\{id\}$/, "");
}
