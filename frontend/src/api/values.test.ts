import { expect, test } from "vitest";
import { layerConfig } from "../../dev/testing";
import { I18n } from "../i18n";
import type { FieldConfig } from "./config";
import { featureTitle, fieldText } from "./values";

const uk = new I18n("uk");
const field = (changes: Partial<FieldConfig>): FieldConfig => ({
  key: "f",
  title: "F",
  type: "string",
  ...changes,
});

test("a code is told by its title, whether it is stored as text or number", () => {
  const own = field({ domain: [{ value: "100", title: "Приватна" }] });
  expect(fieldText(own, "100", uk)).toBe("Приватна");
  expect(fieldText(own, 100, uk)).toBe("Приватна");
  expect(fieldText(own, "999", uk)).toBe("999");
});

test("numbers have their unit and the reader's decimal sign", () => {
  expect(fieldText(field({ type: "number", unit: "га" }), 1234.5, uk)).toBe("1\u00a0234,5\u00a0га");
});

test("a year is not grouped into thousands", () => {
  expect(fieldText(field({ type: "integer" }), 2026, uk)).toBe("2026");
});

test("yes and no, dates, and nothing at all", () => {
  expect(fieldText(field({ type: "boolean" }), false, uk)).toBe("ні");
  expect(fieldText(field({ type: "date" }), "2024-03-09", uk)).toBe("9 березня 2024 р.");
  expect([null, undefined, ""].map((value) => fieldText(field({}), value, uk))).toEqual([null, null, null]);
});

test("a feature is called by its naming field, else by its first text, else by its number", () => {
  const fields = [field({ key: "kind", domain: [{ value: "x", title: "X" }] }), field({ key: "name" })];
  const layer = layerConfig("demo.a", { fields });
  expect(featureTitle({ ...layer, labelField: "code" }, { code: "К-1", name: "Ліцей" }, 5, uk)).toBe("К-1");
  expect(featureTitle(layer, { kind: "x", name: "Ліцей" }, 5, uk)).toBe("Ліцей");
  expect(featureTitle(layer, { kind: "x" }, 12345, uk)).toBe("Об’єкт № 12345");
});
