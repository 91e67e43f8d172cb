/**
 * An edit session: what a planner has changed in one layer and not yet saved. Values only: every action gives a new
 * state and leaves the old one as it was, so undo is to look at an earlier one.
 */
import type { Change } from "../api/edits";
import type { FeatureProperties } from "../api/features";
import { sameGeometry } from "./geometry";

/** A feature as the server gave it, which an edit starts from. */
export interface Base {
  readonly id: number;
  readonly version: number;
  readonly geometry: GeoJSON.Geometry;
  readonly properties: FeatureProperties;
}

/** A feature as the planner wants it. `key` is "f<id>" of a known feature, "n<number>" of a new one. */
export interface Draft {
  readonly key: string;
  readonly id: number | null;
  readonly geometry: GeoJSON.Geometry;
  readonly properties: FeatureProperties;
  readonly deleted: boolean;
}

export type StepKind = "start" | "create" | "reshape" | "move" | "nudge" | "fields" | "delete" | "restore";

export interface Step {
  readonly kind: StepKind;
  /** The feature that the step was about. */
  readonly key: string | null;
  /** The field whose value was entered. */
  readonly field?: string;
  /** Only features that differ from their base. */
  readonly drafts: ReadonlyMap<string, Draft>;
}

export interface EditState {
  readonly layer: string;
  readonly bases: ReadonlyMap<string, Base>;
  readonly steps: readonly Step[];
  /** Which step is in force; those after it can be redone. */
  readonly at: number;
  readonly created: number;
}

export const MAX_STEPS = 200;

export function startSession(
  layer: string,
  bases: readonly Base[] = [],
  drafts: readonly Draft[] = [],
): EditState {
  const numbers = drafts.map(({ key }) => Number(/^n(\d+)$/.exec(key)?.[1] ?? 0));
  return Object.freeze({
    layer,
    bases: new Map(bases.map((base) => [keyOf(base.id), base])),
    steps: [{ kind: "start", key: null, drafts: new Map(drafts.map((draft) => [draft.key, draft])) }],
    at: 0,
    created: Math.max(0, ...numbers),
  } satisfies EditState);
}

export function keyOf(id: number): string {
  return `f${id}`;
}

export function drafts(state: EditState): ReadonlyMap<string, Draft> {
  return state.steps[state.at]!.drafts;
}

/** The feature as it stands now: changed, or as it came. */
export function feature(state: EditState, key: string): Draft | null {
  const draft = drafts(state).get(key);
  if (draft) return draft;
  const base = state.bases.get(key);
  return base ? { key, deleted: false, ...pick(base) } : null;
}

function pick({ id, geometry, properties }: Base) {
  return { id, geometry, properties };
}

/**
 * Makes a feature known, so that it can be edited. No step: nothing has changed. One that was changed in any step
 * keeps its base: that step must not pass for an edit of a later version.
 */
export function withBase(state: EditState, base: Base): EditState {
  const key = keyOf(base.id);
  if (state.steps.some((step) => step.drafts.has(key))) return state;
  return Object.freeze({ ...state, bases: new Map(state.bases).set(key, base) });
}

export function create(
  state: EditState,
  geometry: GeoJSON.Geometry,
  properties: FeatureProperties = {},
): EditState {
  const created = state.created + 1;
  const draft: Draft = { key: `n${created}`, id: null, geometry, properties, deleted: false };
  return step({ ...state, created }, "create", draft);
}

/** The key of the feature that `create` made last. */
export function lastCreated(state: EditState): string {
  return `n${state.created}`;
}

export function reshape(
  state: EditState,
  key: string,
  geometry: GeoJSON.Geometry,
  kind: "reshape" | "move" | "nudge" = "reshape",
): EditState {
  const now = feature(state, key);
  if (!now || now.deleted || sameGeometry(now.geometry, geometry)) return state;
  return step(state, kind, { ...now, geometry });
}

/** `null` empties the field. */
export function setValue(
  state: EditState,
  key: string,
  field: string,
  value: string | number | boolean | null,
): EditState {
  const now = feature(state, key);
  if (!now || now.deleted || (now.properties[field] ?? null) === value) return state;
  const { [field]: _before, ...others } = now.properties;
  const properties = value === null ? others : { ...others, [field]: value };
  return step(state, "fields", { ...now, properties }, field);
}

/** A new feature that is deleted is gone; a known one stays as a deletion to be saved. */
export function remove(state: EditState, key: string): EditState {
  const now = feature(state, key);
  if (!now || now.deleted) return state;
  return step(state, "delete", { ...now, deleted: true });
}

/** Takes all changes of one feature back, as a step that can itself be undone. */
export function restore(state: EditState, key: string): EditState {
  if (!drafts(state).has(key)) return state;
  const rest = new Map(drafts(state));
  rest.delete(key);
  return push(state, { kind: "restore", key, drafts: rest });
}

export function undo(state: EditState): EditState {
  return state.at > 0 ? Object.freeze({ ...state, at: state.at - 1 }) : state;
}

export function redo(state: EditState): EditState {
  return state.at < state.steps.length - 1 ? Object.freeze({ ...state, at: state.at + 1 }) : state;
}

/** The step that undo would take back, and the one that redo would bring. */
export function undoStep(state: EditState): Step | null {
  return state.at > 0 ? state.steps[state.at]! : null;
}

export function redoStep(state: EditState): Step | null {
  return state.steps[state.at + 1] ?? null;
}

/** What would be sent, in the order in which features were touched. */
export function changesOf(state: EditState, fields: readonly string[]): { key: string; change: Change }[] {
  return [...drafts(state).values()].map((draft) => ({
    key: draft.key,
    change: changeOf(draft, state, fields),
  }));
}

function changeOf(draft: Draft, state: EditState, fields: readonly string[]): Change {
  const { geometry } = draft;
  const properties = filled(draft.properties, fields);
  const base = state.bases.get(draft.key);
  if (draft.id === null || !base) return { op: "C", geometry, properties };
  if (draft.deleted) return { op: "D", id: base.id, base_version: base.version };
  return { op: "U", id: base.id, base_version: base.version, geometry, properties };
}

function filled(properties: FeatureProperties, fields: readonly string[]): FeatureProperties {
  const entries = fields.map((key) => [key, properties[key]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== null && value !== undefined));
}

function step(state: EditState, kind: StepKind, draft: Draft, field?: string): EditState {
  const next = new Map(drafts(state));
  if (isUnchanged(draft, state.bases.get(draft.key))) next.delete(draft.key);
  else next.set(draft.key, Object.freeze(draft));
  return push(state, { kind, key: draft.key, drafts: next, ...(field !== undefined && { field }) });
}

function isUnchanged(draft: Draft, base: Base | undefined): boolean {
  if (!base) return draft.deleted;
  return (
    !draft.deleted &&
    sameGeometry(draft.geometry, base.geometry) &&
    sameProperties(draft.properties, base.properties)
  );
}

/** Steps by arrow key, one after the other, are one step to undo; so are the letters typed into one field. */
function push(state: EditState, next: Step): EditState {
  const top = state.steps[state.at]!;
  const joins = next.kind === "nudge" || next.kind === "fields";
  const joined = joins && top.kind === next.kind && top.key === next.key && top.field === next.field;
  const kept = state.steps.slice(0, joined ? state.at : state.at + 1);
  const steps = [...kept, Object.freeze(next)].slice(-MAX_STEPS);
  return Object.freeze({ ...state, steps, at: steps.length - 1 });
}

export function sameProperties(a: FeatureProperties, b: FeatureProperties): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => (a[key] ?? null) === (b[key] ?? null));
}
