import { expect, test } from "vitest";
import type { FieldConfig } from "../api/config";
import {
  controlOf,
  fromKyiv,
  fromText,
  hintsOf,
  patternExample,
  problemsOf,
  problemWith,
  toKyiv,
  toText,
} from "./fields";

const field = (changes: Partial<FieldConfig>): FieldConfig => ({
  key: "f",
  title: "F",
  type: "string",
  ...changes,
});
const number = field({ type: "number" });

test("each type has its native control", () => {
  const types = ["string", "text", "integer", "number", "boolean", "date", "datetime"] as const;
  expect(types.map((type) => controlOf(field({ type })))).toEqual([
    "text", "textarea", "numeric", "decimal", "select", "date", "datetime-local",
  ]); // biome-ignore format: a table
  expect(controlOf(field({ type: "integer", domain: [{ value: 1, title: "Один" }] }))).toBe("select");
});

test.each([
  ["0,12", 0.12],
  ["1 234,5", 1234.5],
  ["1\u00a0234.5", 1234.5],
  ["−3", -3],
  ["0,", 0],
  ["", null],
])("“%s” is the number %s", (text, value) => {
  expect(fromText(number, text)).toEqual({ value });
});

test.each(["багато", "1,2,3", "--1", "0x10", "1e999"])(
  "“%s” is no number, and is not taken for nothing",
  (text) => {
    expect(fromText(number, text)).toEqual({ problem: { key: "issue.number" } });
  },
);

test("an integer has no fraction", () => {
  const whole = field({ type: "integer" });
  expect(fromText(whole, "12")).toEqual({ value: 12 });
  expect(fromText(whole, "12,5")).toEqual({ problem: { key: "issue.integer" } });
});

test("a listed value keeps its type, and a choice of nothing is no value", () => {
  const storeys = field({ type: "integer", domain: [{ value: 2, title: "Два" }] });
  expect(fromText(storeys, "2")).toEqual({ value: 2 });
  expect(fromText(field({ type: "boolean" }), "false")).toEqual({ value: false });
  expect(fromText(storeys, "")).toEqual({ value: null });
});

test("the first broken rule is told; what is fine has none", () => {
  const area = field({ type: "number", required: true, min: 0, max: 10 });
  expect([null, -1, 11, 5].map((value) => problemWith(area, value)?.key ?? null)).toEqual([
    "issue.required",
    "issue.min",
    "issue.max",
    null,
  ]);
  expect(problemWith(field({ domain: [{ value: "a", title: "A" }] }), "b")?.key).toBe("issue.domain");
  const cadastral = field({ pattern: "\\d{10}:\\d{2}:\\d{3}:\\d{4}" });
  expect(problemWith(cadastral, "0510600000:01:001:0001")).toBeNull();
  expect(problemWith(cadastral, "0510600000:01:001:00011")).toEqual({
    key: "issue.patternLike",
    params: { example: "0000000000:00:000:0000" },
  });
});

test("a pattern that only Python reads is left to the server", () => {
  expect(problemWith(field({ pattern: "(?P<a>x)" }), "y")).toBeNull();
  expect(patternExample("(a|b)+")).toBeNull();
});

test("problems are found for all fields at once", () => {
  const fields = [
    field({ key: "a", required: true }),
    field({ key: "b" }),
    field({ key: "c", required: true }),
  ];
  expect([...problemsOf(fields, { c: null, b: "x" }).keys()]).toEqual(["a", "c"]);
});

test("the range and the form that is wanted are told beforehand", () => {
  expect(hintsOf(field({ type: "number", min: 0, max: 5 }))[0]).toEqual({
    key: "hint.range",
    params: { min: 0, max: 5 },
  });
  expect(hintsOf(field({ pattern: "\\d{4}" }))[0]?.params).toEqual({ example: "0000" });
  expect(hintsOf(field({}))).toEqual([]);
});

test("an instant is shown and read in Kyiv time, summer and winter, and survives the way there and back", () => {
  expect(toKyiv("2024-01-15T10:30:00Z")).toBe("2024-01-15T12:30");
  expect(toKyiv("2024-07-15T10:30:00Z")).toBe("2024-07-15T13:30");
  expect(fromKyiv("2024-01-15T12:30")).toBe("2024-01-15T10:30:00Z");
  expect(fromKyiv("2024-07-15T13:30")).toBe("2024-07-15T10:30:00Z");
  expect(toText(field({ type: "datetime" }), "незабаром")).toBe("");
  for (const local of ["2024-03-31T02:59", "2024-03-31T04:01", "2024-10-27T05:00"]) {
    expect(toKyiv(fromKyiv(local))).toBe(local);
  }
});
