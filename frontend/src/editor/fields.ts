/** Field values between what a person types and what is stored, by the same rules as layers/schema.py. */
import type { FieldConfig } from "../api/config";
import type { Scalar } from "../map/mvt/decode";
import type { WordKey } from "./words";

export type Value = Scalar | null;
/** What is wrong with a value, to be told with `words`. */
export interface Problem {
  readonly key: WordKey;
  readonly params?: Readonly<Record<string, string | number>>;
}
export type Typed = { readonly value: Value } | { readonly problem: Problem };

const ZONE = "Europe/Kyiv";

export type Control = "select" | "textarea" | "date" | "datetime-local" | "decimal" | "numeric" | "text";

export function controlOf(field: FieldConfig): Control {
  if (field.domain?.length || field.type === "boolean") return "select";
  if (field.type === "text") return "textarea";
  if (field.type === "date") return "date";
  if (field.type === "datetime") return "datetime-local";
  if (field.type === "number") return "decimal";
  return field.type === "integer" ? "numeric" : "text";
}

/** The value as its control shows it; `decimal` is the reader's decimal sign. */
export function toText(field: FieldConfig, value: unknown, decimal = "."): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" && controlOf(field) === "decimal") return String(value).replace(".", decimal);
  if (field.type === "datetime") return toKyiv(String(value));
  return String(value);
}

/** What was typed or chosen, as the value to store; an empty control is no value. */
export function fromText(field: FieldConfig, text: string): Typed {
  const trimmed = field.type === "text" ? text : text.trim();
  if (trimmed.trim() === "") return { value: null };
  const listed = field.domain?.find(({ value }) => String(value) === trimmed);
  if (listed) return { value: listed.value };
  if (field.type === "boolean") return { value: trimmed === "true" };
  if (field.type === "number" || field.type === "integer") return fromNumber(field, trimmed);
  if (field.type === "datetime") return { value: fromKyiv(trimmed) };
  return { value: trimmed };
}

function fromNumber(field: FieldConfig, text: string): Typed {
  const plain = text
    .replace(/[\s\u00a0\u202f’']/g, "")
    .replace(",", ".")
    .replace("−", "-");
  const value = Number(plain);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) || !Number.isFinite(value)) {
    return { problem: { key: "issue.number" } };
  }
  if (field.type === "integer" && !Number.isSafeInteger(value)) return { problem: { key: "issue.integer" } };
  return { value };
}

/** The first rule of the field that the value breaks. Patterns that this browser cannot read are left to the server. */
export function problemWith(field: FieldConfig, value: Value | undefined): Problem | null {
  if (value === null || value === undefined) return field.required ? { key: "issue.required" } : null;
  if (field.domain?.length && !field.domain.some((entry) => entry.value === value)) {
    return { key: "issue.domain" };
  }
  if (typeof value === "string" && field.pattern && matches(field.pattern, value) === false) {
    const example = patternExample(field.pattern);
    return example ? { key: "issue.patternLike", params: { example } } : { key: "issue.pattern" };
  }
  if (typeof value === "number") {
    const { min, max } = field;
    if (min !== null && min !== undefined && value < min) return { key: "issue.min", params: { min } };
    if (max !== null && max !== undefined && value > max) return { key: "issue.max", params: { max } };
  }
  return null;
}

/** All that is wrong, by field. */
export function problemsOf(
  fields: readonly FieldConfig[],
  properties: Readonly<Record<string, unknown>>,
): Map<string, Problem> {
  const found = new Map<string, Problem>();
  for (const field of fields) {
    const problem = problemWith(field, properties[field.key] as Value | undefined);
    if (problem) found.set(field.key, problem);
  }
  return found;
}

/** What helps while filling in: the range, or the form that is wanted. */
export function hintsOf(field: FieldConfig): Problem[] {
  const hints: Problem[] = [];
  const [min, max] = [field.min ?? null, field.max ?? null];
  if (min !== null && max !== null) hints.push({ key: "hint.range", params: { min, max } });
  else if (min !== null) hints.push({ key: "hint.min", params: { min } });
  else if (max !== null) hints.push({ key: "hint.max", params: { max } });
  const example = field.pattern && !field.domain?.length ? patternExample(field.pattern) : null;
  if (example) hints.push({ key: "hint.pattern", params: { example } });
  return hints;
}

function matches(pattern: string, text: string): boolean | null {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(text);
  } catch {
    return null;
  }
}

/** A text of the form that a plain pattern asks for, digits as 0: "0000000000:00:000:0000". null: too clever a pattern. */
export function patternExample(pattern: string): string | null {
  const parts = pattern
    .replace(/^\^|\$$/g, "")
    .matchAll(/(\\d|\[0-9\]|\\[.\-/:]|[\p{L}\d :/№-])(?:\{(\d+)\})?|(.)/gu);
  let example = "";
  for (const [, unit, count, unknown] of parts) {
    if (unknown !== undefined || !unit) return null;
    const sign = unit === "\\d" || unit === "[0-9]" ? "0" : unit.replace("\\", "");
    example += sign.repeat(Number(count ?? 1));
  }
  return example && matches(pattern, example) ? example : null;
}

/** An instant as `datetime-local` wants it, in Kyiv time. */
export function toKyiv(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE, dateStyle: "short", timeStyle: "short" });
  return parts.format(time).replace(" ", "T");
}

/** The instant of a Kyiv wall clock reading. An hour that the clock skips in spring is read as an hour later. */
export function fromKyiv(local: string): string {
  const wall = Date.parse(`${local}Z`);
  const shift = (instant: number) => Date.parse(`${toKyiv(new Date(instant).toISOString())}Z`) - instant;
  const guess = wall - shift(wall);
  return new Date(wall - shift(guess)).toISOString().replace(".000Z", "Z");
}
