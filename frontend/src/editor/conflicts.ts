/** Two people changed one feature: what each of them did, and what comes of it. Pure. */
import type { FieldConfig } from "../api/config";
import type { ServerConflict, TheirState } from "../api/edits";
import type { FeatureProperties } from "../api/features";
import { sameGeometry } from "./geometry";
import { type Base, type Draft, drafts, type EditState, keyOf, startSession } from "./session";

export interface Conflict {
  readonly key: string;
  readonly base: Base;
  readonly mine: Draft;
  /** null: deleted by them. */
  readonly theirs: TheirState | null;
}
export type Choice = "mine" | "theirs";

export interface Difference {
  /** null: the geometry. */
  readonly field: FieldConfig | null;
  readonly mine: unknown;
  readonly theirs: unknown;
  readonly changedBy: Choice | "both";
}

/** What the server refused, beside what the planner wants; features that are not in the session are left out. */
export function conflictsIn(state: EditState, refused: readonly ServerConflict[]): Conflict[] {
  return refused.flatMap(({ id, theirs }) => {
    const key = keyOf(id);
    const [base, mine] = [state.bases.get(key), drafts(state).get(key)];
    return base && mine ? [{ key, base, mine, theirs }] : [];
  });
}

/** Where the two versions differ; empty where one of them is a deletion. */
export function differences(fields: readonly FieldConfig[], conflict: Conflict): Difference[] {
  const { base, mine, theirs } = conflict;
  if (!theirs || mine.deleted) return [];
  const found: Difference[] = fields.flatMap((field) => {
    const [was, my, their] = [base, mine, theirs].map(({ properties }) => properties[field.key] ?? null);
    if (my === their) return [];
    return [{ field, mine: my, theirs: their, changedBy: who(my !== was, their !== was) }];
  });
  if (!sameGeometry(mine.geometry, theirs.geometry)) {
    const changedBy = who(
      !sameGeometry(mine.geometry, base.geometry),
      !sameGeometry(theirs.geometry, base.geometry),
    );
    found.push({ field: null, mine: mine.geometry, theirs: theirs.geometry, changedBy });
  }
  return found;
}

function who(mine: boolean, theirs: boolean): Choice | "both" {
  if (mine && theirs) return "both";
  return mine ? "mine" : "theirs";
}

/** Whose value of a difference is saved when the planner keeps their own version: what only they changed stays theirs. */
export function kept(difference: Difference, choice: Choice): Choice {
  return choice === "mine" && difference.changedBy !== "theirs" ? "mine" : "theirs";
}

/**
 * The session with every conflict decided, on the newest versions. "mine": the planner's changes on top of theirs;
 * "theirs": the planner's changes of this feature are dropped. Its history begins anew, for earlier steps were made
 * on versions that are past.
 */
export function resolve(
  state: EditState,
  conflicts: readonly Conflict[],
  choices: ReadonlyMap<string, Choice>,
): EditState {
  const bases = new Map(state.bases);
  const next = new Map(drafts(state));
  let { created } = state;
  for (const conflict of conflicts) {
    const { key, base, mine, theirs } = conflict;
    next.delete(key);
    if (theirs) bases.set(key, { id: base.id, ...pick(theirs) });
    else bases.delete(key);
    if (choices.get(key) !== "mine") continue;
    if (theirs) next.set(key, mine.deleted ? mine : onTopOf(base, mine, theirs));
    else if (!mine.deleted) {
      created += 1;
      next.set(`n${created}`, { ...mine, key: `n${created}`, id: null });
    }
  }
  const begun = startSession(state.layer, [...bases.values()], [...next.values()]);
  return { ...begun, created };
}

function pick({ version, geometry, properties }: TheirState) {
  return { version, geometry, properties };
}

function onTopOf(base: Base, mine: Draft, theirs: TheirState): Draft {
  const moved = !sameGeometry(mine.geometry, base.geometry);
  const keys = new Set([...Object.keys(mine.properties), ...Object.keys(theirs.properties)]);
  const properties: Record<string, unknown> = {};
  for (const key of keys) {
    const [was, my, their] = [base.properties, mine.properties, theirs.properties].map(
      (values: FeatureProperties) => values[key] ?? null,
    );
    const value = my === was ? their : my;
    if (value !== null) properties[key] = value;
  }
  return { ...mine, geometry: moved ? mine.geometry : theirs.geometry, properties };
}
