/** What becomes of an attempt to save: a notice, errors at their fields, or conflicts to decide. */
import type { MapConfig } from "../api/config";
import { type ChangesetAnswer, conflictsOf, issuesOf, type ServerIssue } from "../api/edits";
import { ApiError } from "../api/http";
import type { MapPort } from "../map/port";
import { conflictsIn } from "./conflicts";
import type { Shown } from "./engine";
import { problemsOf } from "./fields";
import type { EditorModel, Notice, Problems } from "./model";
import { type changesOf, drafts, type EditState } from "./session";
import type { Words } from "./words";

export type SentChange = ReturnType<typeof changesOf>[number];

const SAVED = "saved:";
const NOT_SIGNED_IN = new Set(["unauthenticated", "forgery-check-failed", "not-allowed"]);

/** The errors that stand between the changes and saving, with the first wrong feature selected; null when all fit. */
export function unfitDrafts(model: EditorModel, words: Words): Partial<EditorModel> | null {
  const { edit, layer } = model;
  if (!edit || !layer) return null;
  const problems = new Map<string, ReadonlyMap<string, string>>();
  for (const draft of drafts(edit).values()) {
    if (draft.deleted) continue;
    const own = new Map<string, string>();
    for (const [field, { key, params }] of problemsOf(layer.fields, draft.properties)) {
      own.set(field, words(key, params));
    }
    // What was typed and could not be read is in no value, but is to be corrected first.
    for (const [field, message] of model.problems.get(draft.key) ?? []) own.set(field, message);
    if (own.size > 0)
      problems.set(
        draft.key,
        inOrder(
          own,
          layer.fields.map(({ key }) => key),
        ),
      );
  }
  return problems.size > 0 ? wrongValues(problems, words) : null;
}

function inOrder(own: ReadonlyMap<string, string>, keys: readonly string[]): Map<string, string> {
  return new Map(keys.flatMap((key) => (own.has(key) ? [[key, own.get(key)!] as const] : [])));
}

function wrongValues(problems: Problems, words: Words): Partial<EditorModel> {
  const n = [...problems.values()].reduce((sum, own) => sum + own.size, 0);
  const notice: Notice = { tone: "bad", text: words("save.wrong", { n }) };
  return { problems, notice, selected: [...problems.keys()][0] ?? null, tool: "vertices" };
}

export function afterRefusal(
  error: unknown,
  model: EditorModel,
  config: MapConfig,
  words: Words,
): Partial<EditorModel> {
  const conflicts = model.edit ? conflictsIn(model.edit, conflictsOf(error)) : [];
  if (conflicts.length > 0) return { conflicts, choices: new Map(), selected: null };
  const problems = placeIssues(issuesOf(error), model);
  if (problems.size > 0) return wrongValues(problems, words);
  return { notice: refusalNotice(error, config, words) };
}

/** The server checks one feature after the other and tells of the first that does not fit: the one with these values. */
function placeIssues(issues: readonly ServerIssue[], { edit }: EditorModel): Problems {
  const problems = new Map<string, ReadonlyMap<string, string>>();
  const guilty = [...(edit ? drafts(edit).values() : [])].find(
    ({ deleted, properties }) =>
      !deleted && issues.every(({ field, value }) => isFrom(properties[field] ?? null, value ?? null)),
  );
  if (guilty && issues.length > 0) {
    problems.set(guilty.key, new Map(issues.map(({ field, message }) => [field, message])));
  }
  return problems;
}

/** Of a text that is too long the server tells only the beginning. */
function isFrom(own: unknown, told: unknown): boolean {
  return own === told || (typeof own === "string" && typeof told === "string" && own.startsWith(told));
}

function refusalNotice(error: unknown, config: MapConfig, words: Words): Notice {
  if (!(error instanceof ApiError)) {
    console.error(error);
    return { tone: "bad", text: words("save.failed", { reason: String(error) }) };
  }
  if (error.status === 0) return { tone: "bad", text: words("save.noAnswer") };
  if (error.status === 401 || NOT_SIGNED_IN.has(error.code)) {
    const href = config.urls.login ?? "/accounts/login/";
    return { tone: "bad", text: words("save.signIn"), link: { href, text: words("save.signInLink") } };
  }
  return { tone: "bad", text: words("save.failed", { reason: error.message }) };
}

export function savedNotice(answer: ChangesetAnswer, config: MapConfig, words: Words): Notice {
  const waits = answer.status !== "applied";
  const n = answer.created + answer.updated + answer.deleted;
  const text = waits ? words("save.review", { n: Math.max(n, 1) }) : words("save.done", { n });
  const page = config.urls.changeset?.replace("{id}", String(answer.id));
  const link = page ? { href: page, text: words("save.link", { id: String(answer.id) }) } : null;
  return { tone: waits ? "info" : "good", text, ...(link && { link }) };
}

/** When the tiles that were asked for anew are there; after `maxMs` in any case. */
export function tilesSettled(map: MapPort, maxMs: number): Promise<void> {
  return new Promise((done) => {
    let began = false;
    const finish = () => {
      clearTimeout(timer);
      stop();
      done();
    };
    const timer = setTimeout(finish, maxMs);
    const stop = map.on("tiles", ({ loading }) => {
      if (loading > 0) began = true;
      else if (began) finish();
    });
  });
}

/** What was saved, to be drawn until the tiles have it; new features under the ids that the server gave them. */
export function settlingOf(edit: EditState, sent: readonly SentChange[], answer: ChangesetAnswer): Shown[] {
  const ids = [...answer.created_ids];
  return sent.flatMap(({ key, change }) => {
    const id = change.op === "C" ? ids.shift() : change.id;
    const draft = drafts(edit).get(key);
    if (change.op === "D" || id === undefined || !draft) return [];
    return [{ key: `${SAVED}${id}`, geometry: draft.geometry, look: "plain" as const }];
  });
}

/** The id of a feature that is drawn only until the tiles have it; null for any other. */
export function savedId(key: string): number | null {
  return key.startsWith(SAVED) ? Number(key.slice(SAVED.length)) : null;
}
