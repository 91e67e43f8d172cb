/** Both versions of every feature that two people changed, side by side, and the choice between them. */
import type { FieldConfig } from "../api/config";
import { fieldText } from "../api/values";
import type { I18n } from "../i18n";
import { button, el, freshId, icon } from "../ui/dom";
import { type Choice, type Conflict, type Difference, differences, kept } from "./conflicts";
import type { EditorModel } from "./model";
import { titleOf } from "./model";
import type { Words } from "./words";

export interface ConflictListener {
  choose(key: string, choice: Choice): void;
  show(conflict: Conflict): void;
  proceed(): void;
  back(): void;
}

export function conflictView(
  model: EditorModel,
  i18n: I18n,
  words: Words,
  listener: ConflictListener,
): HTMLElement {
  const { conflicts, choices } = model;
  const undecided = conflicts.some(({ key }) => !choices.has(key));
  return el(
    "section",
    { class: "hm-conflicts", "aria-label": words("conflict.title", { n: conflicts.length }) },
    el("h3", { tabindex: "-1" }, words("conflict.title", { n: conflicts.length })),
    el("p", {}, words("conflict.explain")),
    ...conflicts.map((conflict) => oneConflict(conflict, model, i18n, words, listener)),
    undecided ? el("p", { class: "hm-form__hint" }, words("conflict.undecided")) : null,
    el(
      "div",
      { class: "hm-editor__actions" },
      button(
        "",
        { class: "hm-button hm-button--strong", "aria-disabled": String(undecided) },
        () => !undecided && listener.proceed(),
        words("conflict.continue"),
      ),
      button("", { class: "hm-button" }, () => listener.back(), words("conflict.back")),
    ),
  );
}

function oneConflict(
  conflict: Conflict,
  model: EditorModel,
  i18n: I18n,
  words: Words,
  listener: ConflictListener,
): HTMLElement {
  const layer = model.layer!;
  const title = titleOf(conflict.mine, layer, i18n, words);
  const choice = model.choices.get(conflict.key) ?? null;
  const rows = differences(layer.fields, conflict);
  const when = conflict.theirs
    ? el(
        "p",
        { class: "hm-form__hint" },
        words("conflict.at", { date: i18n.date(conflict.theirs.updated_at, true) }),
      )
    : null;
  return el(
    "article",
    { class: "hm-conflict", "aria-label": title },
    el("h4", {}, title),
    when,
    rows.length > 0 ? table(rows, choice, i18n, words) : el("p", {}, words(oneSided(conflict))),
    button(
      "",
      { class: "hm-link-button" },
      () => listener.show(conflict),
      icon("target"),
      words("conflict.show"),
    ),
    decision(conflict, choice, words, listener),
  );
}

function oneSided({ mine, theirs }: Conflict) {
  if (theirs) return "conflict.youDeleted" as const;
  return mine.deleted ? ("conflict.bothDeleted" as const) : ("conflict.theyDeleted" as const);
}

function table(rows: readonly Difference[], choice: Choice | null, i18n: I18n, words: Words): HTMLElement {
  const head = (text: string, look?: string) =>
    el("th", { scope: "col" }, look ? el("span", { class: `hm-key hm-key--${look}` }) : null, text);
  return el(
    "table",
    { class: "hm-compare" },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        head(words("conflict.field")),
        head(words("conflict.mine"), "mine"),
        head(words("conflict.theirs"), "theirs"),
      ),
    ),
    el("tbody", {}, ...rows.map((row) => tableRow(row, choice, i18n, words))),
  );
}

function tableRow(row: Difference, choice: Choice | null, i18n: I18n, words: Words): HTMLElement {
  const cell = (side: Choice) => {
    const saved = choice !== null && kept(row, choice) === side;
    const changed = row.changedBy === side || row.changedBy === "both";
    return el(
      "td",
      { class: saved ? "hm-compare__kept" : null },
      valueText(row.field, row[side], side, i18n, words),
      changed ? el("span", { class: "hm-compare__mark" }, words("conflict.changed")) : null,
      saved ? el("span", { class: "hm-compare__mark" }, `✓ ${words("conflict.saved")}`) : null,
    );
  };
  const name = row.field?.title ?? words("conflict.geometry");
  return el("tr", {}, el("th", { scope: "row" }, name), cell("mine"), cell("theirs"));
}

function valueText(
  field: FieldConfig | null,
  value: unknown,
  side: Choice,
  i18n: I18n,
  words: Words,
): string {
  if (!field) return words(side === "mine" ? "conflict.onMapMine" : "conflict.onMapTheirs");
  return fieldText(field, value, i18n) ?? words("form.none");
}

function decision(
  conflict: Conflict,
  choice: Choice | null,
  words: Words,
  listener: ConflictListener,
): HTMLElement {
  const name = freshId("choice");
  const hint = !conflict.theirs
    ? "conflict.recreateHint"
    : conflict.mine.deleted
      ? "conflict.deleteHint"
      : "conflict.keepMineHint";
  const option = (value: Choice, label: string, explanation: string) => {
    const input = el("input", { type: "radio", name, value, checked: choice === value });
    input.addEventListener("change", () => listener.choose(conflict.key, value));
    return el(
      "label",
      { class: "hm-conflict__option" },
      input,
      el("span", {}, el("strong", {}, label), el("span", { class: "hm-form__hint" }, ` — ${explanation}`)),
    );
  };
  return el(
    "fieldset",
    { class: "hm-conflict__choice" },
    el("legend", {}, words("conflict.decide")),
    option("mine", words("conflict.keepMine"), words(hint)),
    option("theirs", words("conflict.takeTheirs"), words("conflict.takeTheirsHint")),
  );
}
