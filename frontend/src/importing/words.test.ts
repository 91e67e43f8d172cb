import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { I18n } from "../i18n";
import { IMPORT_WORDS, wordsOf } from "./words";

const placeholders = (entry: unknown) =>
  [...new Set(JSON.stringify(entry).match(/\{\w+\}/g) ?? [])].sort().join(" ");
const dictionaries: Record<string, Record<string, unknown>> = IMPORT_WORDS;

test("both languages have the same keys with the same placeholders", () => {
  const { uk, en } = dictionaries as { uk: Record<string, unknown>; en: Record<string, unknown> };
  expect(Object.keys(en).sort()).toEqual(Object.keys(uk).sort());
  for (const key of Object.keys(uk)) expect(placeholders(en[key]), key).toBe(placeholders(uk[key]));
});

test("every plural has all forms its language asks for", () => {
  for (const [lang, entries] of Object.entries(dictionaries)) {
    const { pluralCategories } = new Intl.PluralRules(lang).resolvedOptions();
    for (const [key, entry] of Object.entries(entries)) {
      if (typeof entry === "string") expect(entry.trim(), key).not.toBe("");
      else
        expect(Object.keys(entry as object).sort(), `${lang}: ${key}`).toEqual([...pluralCategories].sort());
    }
  }
});

test("every key is used somewhere on the import pages", () => {
  const files = readdirSync("src/importing").filter(
    (name) => name.endsWith(".ts") && !name.includes(".test."),
  );
  const source = files.map((name) => readFileSync(`src/importing/${name}`, "utf8")).join("\n");
  // Put together from the reason of a refusal.
  const composed = /^file\.(tooLarge|empty)$/;
  const unused = Object.keys(IMPORT_WORDS.uk).filter(
    (key) => !source.includes(`"${key}"`) && !composed.test(key),
  );
  expect(unused).toEqual([]);
});

test("the button counts what it applies, and text in a parameter stays text", () => {
  const words = wordsOf(new I18n("uk"));
  expect([1, 3, 5].map((n) => words("review.apply", { n }))).toEqual([
    "Застосувати 1 зміну",
    "Застосувати 3 зміни",
    "Застосувати 5 змін",
  ]);
  expect(words("file.remove", { name: "<b>" })).toBe("Прибрати файл «<b>»");
});
