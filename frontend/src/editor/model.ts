/** What the editor shows: one value, changed by the editor and drawn by its parts. */
import type { LayerConfig } from "../api/config";
import { featureTitle } from "../api/values";
import type { I18n } from "../i18n";
import type { Choice, Conflict } from "./conflicts";
import type { KeptDraft } from "./drafts";
import type { Shown, Tool } from "./engine";
import type { DrawKind } from "./geometry";
import { type Draft, drafts, type EditState, feature, type Step } from "./session";
import type { WordKey, Words } from "./words";

export interface Notice {
  readonly tone: "good" | "bad" | "info";
  readonly text: string;
  readonly link?: { readonly href: string; readonly text: string };
}

/** Messages by feature and field. */
export type Problems = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface EditorModel {
  readonly layer: LayerConfig | null;
  readonly edit: EditState | null;
  readonly selected: string | null;
  readonly tool: Tool;
  readonly drawing: { readonly kind: DrawKind; readonly vertices: number } | null;
  readonly comment: string;
  readonly problems: Problems;
  readonly notice: Notice | null;
  /** A draft that was found in this browser, until the planner says what to do with it. */
  readonly question: KeptDraft | null;
  readonly conflicts: readonly Conflict[];
  readonly choices: ReadonlyMap<string, Choice>;
  readonly saving: boolean;
  /** What was saved last, drawn until the tiles have it. */
  readonly settling: readonly Shown[];
}

export const NOTHING: EditorModel = {
  layer: null,
  edit: null,
  selected: null,
  tool: "vertices",
  drawing: null,
  comment: "",
  problems: new Map(),
  notice: null,
  question: null,
  conflicts: [],
  choices: new Map(),
  saving: false,
  settling: [],
};

/** Can the planner draw and change things now? Not before they decided about a draft or a conflict. */
export function isOpen({ edit, question, conflicts, saving }: EditorModel): boolean {
  return edit !== null && question === null && conflicts.length === 0 && !saving;
}

export function titleOf(draft: Draft, layer: LayerConfig, i18n: I18n, words: Words): string {
  if (draft.id !== null) return featureTitle(layer, draft.properties, draft.id, i18n);
  const untitled = featureTitle(layer, draft.properties, 0, i18n);
  return untitled === i18n.t("panel.untitled", { id: "0" }) ? words("feature.new") : untitled;
}

export function stepText(step: Step, model: EditorModel, i18n: I18n, words: Words): string {
  const { layer, edit } = model;
  const about = step.key ? (step.drafts.get(step.key) ?? (edit && feature(edit, step.key))) : null;
  const title = about && layer ? titleOf(about, layer, i18n, words) : words("feature.new");
  return words(`step.${step.kind}` as WordKey, { title });
}

/** What is drawn on the map: changes, the selected feature with handles, or both sides of each conflict. */
export function shownOn(model: EditorModel, words: Words): Shown[] {
  if (model.conflicts.length > 0) return model.conflicts.flatMap((conflict) => bothSides(conflict, words));
  const { edit, selected } = model;
  if (!edit) return [...model.settling];
  const changed = [...drafts(edit).values()].map((draft): Shown => {
    const { key, geometry, deleted } = draft;
    if (deleted) return { key, geometry, look: "deleted" };
    return { key, geometry, look: key === selected ? "selected" : "changed" };
  });
  const chosen = selected && !drafts(edit).has(selected) ? feature(edit, selected) : null;
  const own: Shown[] = chosen ? [{ key: chosen.key, geometry: chosen.geometry, look: "selected" }] : [];
  return [...model.settling, ...changed, ...own];
}

function bothSides({ key, mine, theirs }: Conflict, words: Words): Shown[] {
  const shown: Shown[] = [];
  if (!mine.deleted) {
    const label = words("conflict.mine");
    shown.push({ key: `${key}:mine`, geometry: mine.geometry, look: "mine", label });
  }
  if (theirs) {
    const label = words("conflict.theirs");
    shown.push({ key: `${key}:theirs`, geometry: theirs.geometry, look: "theirs", label });
  }
  return shown;
}

/** Features that the tiles must leave out, because the editor draws them or they are deleted. */
export function hiddenIds(model: EditorModel, settled: readonly number[]): number[] {
  const { edit, selected } = model;
  if (!edit) return [...settled];
  const ids = [...drafts(edit).values()].flatMap(({ id }) => (id === null ? [] : [id]));
  const chosen = selected ? feature(edit, selected)?.id : null;
  return [...new Set([...settled, ...ids, ...(chosen ? [chosen] : [])])];
}
