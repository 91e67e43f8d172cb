/** The form of a feature's fields, made from the layer's schema: native controls, errors beside them. */
import type { FieldConfig } from "../api/config";
import type { FeatureProperties } from "../api/features";
import { el, freshId } from "../ui/dom";
import { controlOf, fromText, hintsOf, type Problem, type Typed, toText, type Value } from "./fields";
import type { Words } from "./words";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export interface FieldForm {
  readonly element: HTMLElement;
  /** Shows other values, after undo; the control that is being typed into is left alone. */
  show(properties: FeatureProperties): void;
  /** Errors by field; fields that are not named have none. */
  complain(problems: ReadonlyMap<string, string>): void;
  /** False when there is no such field. */
  focus(key?: string): boolean;
}

/** How the reader's language says a value. */
export interface Reading {
  readonly yes: string;
  readonly no: string;
  readonly decimal: string;
}

interface Row {
  readonly field: FieldConfig;
  readonly control: Control;
  readonly element: HTMLElement;
  readonly error: HTMLElement;
}

export interface FormListener {
  /** A value is being entered. */
  changed(field: FieldConfig, value: Value): void;
  /** The control was left with this value. */
  finished(field: FieldConfig, value: Value): void;
  /** What was typed cannot be a value of the field; what it was before stays. */
  wrong(field: FieldConfig, problem: Problem): void;
}

export function fieldForm(
  fields: readonly FieldConfig[],
  properties: FeatureProperties,
  words: Words,
  listener: FormListener,
  reading: Reading,
): FieldForm {
  const rows = fields.map((field) => makeRow(field, properties[field.key], words, listener, reading));
  const element = el("div", { class: "hm-form" }, ...rows.map((row) => row.element));
  if (rows.length === 0) element.append(el("p", { class: "hm-form__hint" }, words("form.noFields")));
  return {
    element,
    show(current) {
      for (const { field, control } of rows) {
        const text = toText(field, current[field.key], reading.decimal);
        // What cannot be read stays to be corrected.
        if (control.dataset.unread !== undefined || says(field, control, current[field.key])) continue;
        if (control !== document.activeElement || isList(control)) {
          ensureOption(control, text);
          control.value = text;
        }
      }
    },
    complain(problems) {
      for (const { field, control, error } of rows) {
        const message = problems.get(field.key) ?? "";
        error.textContent = message;
        error.hidden = message === "";
        if (message) control.setAttribute("aria-invalid", "true");
        else control.removeAttribute("aria-invalid");
      }
    },
    focus(key) {
      const row = key === undefined ? rows[0] : rows.find(({ field }) => field.key === key);
      row?.control.focus();
      return row !== undefined;
    },
  };
}

function makeRow(
  field: FieldConfig,
  value: unknown,
  words: Words,
  listener: FormListener,
  reading: Reading,
): Row {
  const control = makeControl(field, toText(field, value, reading.decimal), words, reading);
  control.id = freshId("field");
  const hints = hintsOf(field).map(({ key, params }) => words(key, params));
  const hint = el("p", { class: "hm-form__hint", id: freshId("hint") }, hints.join(". "));
  const error = el("p", { class: "hm-form__error", id: freshId("error"), hidden: true });
  control.setAttribute("aria-describedby", hints.length ? `${hint.id} ${error.id}` : error.id);
  if (field.required) control.setAttribute("aria-required", "true");
  const read = (): Typed =>
    control.validity.badInput ? { problem: { key: "issue.date" } } : fromText(field, control.value);
  // Each letter counts, so that nothing typed is lost; only a finished value is complained about.
  control.addEventListener("input", () => {
    const typed = read();
    if ("value" in typed) listener.changed(field, typed.value);
  });
  control.addEventListener("change", () => {
    const typed = read();
    if ("value" in typed) {
      delete control.dataset.unread;
      listener.finished(field, typed.value);
    } else {
      control.dataset.unread = "";
      listener.wrong(field, typed.problem);
    }
  });
  const unit = field.unit ? el("span", { class: "hm-form__unit" }, `, ${field.unit}`) : null;
  const required = field.required
    ? el("span", { class: "hm-form__required" }, ` (${words("form.required")})`)
    : null;
  const label = el("label", { for: control.id }, field.title, unit, required);
  const element = el("div", { class: "hm-form__row" }, label, control, hints.length ? hint : null, error);
  return { field, control, element, error };
}

function makeControl(field: FieldConfig, text: string, words: Words, reading: Reading): Control {
  const kind = controlOf(field);
  if (kind === "select") return makeSelect(field, text, words, reading);
  const control = kind === "textarea" ? el("textarea", { rows: 3 }) : el("input", inputAttributes(kind));
  control.value = text;
  return control;
}

function inputAttributes(kind: string): Record<string, string> {
  if (kind === "date" || kind === "datetime-local") return { type: kind, max: "9999-12-31" };
  // Not type="number": it drops what it cannot read without a word, and "0,12" is how people write.
  const inputmode: Record<string, string> = kind === "text" ? {} : { inputmode: kind };
  return { type: "text", autocomplete: "off", ...inputmode };
}

function makeSelect(field: FieldConfig, text: string, words: Words, { yes, no }: Reading): HTMLSelectElement {
  const options = field.domain?.length
    ? field.domain.map(({ value, title }) => el("option", { value: String(value) }, title))
    : [el("option", { value: "true" }, yes), el("option", { value: "false" }, no)];
  const select = el("select", {}, el("option", { value: "" }, words("form.none")), ...options);
  ensureOption(select, text);
  select.value = text;
  return select;
}

/** A stored value that the list no longer has is shown as it is, not silently as "nothing". */
function ensureOption(control: Control, text: string): void {
  if (!isList(control) || [...control.options].some(({ value }) => value === text)) return;
  control.append(el("option", { value: text }, text));
}

/** Does the control hold this value already, however it is written? */
function says(field: FieldConfig, control: Control, value: unknown): boolean {
  const typed = fromText(field, control.value);
  return "value" in typed && typed.value === (value ?? null);
}

function isList(control: Control): control is HTMLSelectElement {
  return control.tagName === "SELECT";
}
