import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DICTIONARIES, I18n, type Key } from ".";

const uk = new I18n("uk");
const en = new I18n("en-US");
const placeholders = (entry: unknown) =>
  [...new Set(JSON.stringify(entry).match(/\{\w+\}/g) ?? [])].sort().join(" ");

test("both languages have the same keys with the same placeholders", () => {
  expect(Object.keys(DICTIONARIES.en).sort()).toEqual(Object.keys(DICTIONARIES.uk).sort());
  for (const key of Object.keys(DICTIONARIES.uk)) {
    expect(placeholders(DICTIONARIES.en[key]), key).toBe(placeholders(DICTIONARIES.uk[key]));
  }
});

test("every plural has all forms its language asks for, and no text is empty", () => {
  for (const [lang, entries] of Object.entries(DICTIONARIES)) {
    const { pluralCategories } = new Intl.PluralRules(lang).resolvedOptions();
    for (const [key, entry] of Object.entries(entries)) {
      const texts = typeof entry === "string" ? [entry] : pluralCategories.map((form) => entry[form] ?? "");
      expect(
        texts.every((text) => text.trim().length > 0),
        `${lang}: ${key}`,
      ).toBe(true);
    }
  }
});

test("every key is used somewhere in the source", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !name.includes(".test."),
  );
  const source = files.map((name) => readFileSync(`src/${name}`, "utf8")).join("\n");
  // Heights of the sheet are put together from their names.
  const unused = Object.keys(DICTIONARIES.uk).filter(
    (key) => !source.includes(`"${key}"`) && !/^sheet\.(peek|half|full)$/.test(key),
  );
  expect(unused).toEqual([]);
});

test.each([
  [1, "1 об’єкт"],
  [3, "3 об’єкти"],
  [5, "5 об’єктів"],
  [11, "11 об’єктів"],
  [21, "21 об’єкт"],
  [6040, "6\u00a0040 об’єктів"],
])("%i is counted in Ukrainian as %s", (n, words) => {
  expect(uk.t("legend.count", { n })).toBe(words);
});

test("English counts its own way", () => {
  expect([1, 2].map((n) => en.t("legend.count", { n }))).toEqual(["1 feature", "2 features"]);
});

test("an unknown language is answered in Ukrainian and an unknown key by itself", () => {
  expect(new I18n("fr").lang).toBe("uk");
  expect(uk.t("no.such.key" as Key)).toBe("no.such.key");
});

test("a bare date stays that day in every time zone; a moment is told in Kyiv time", () => {
  expect(uk.date("2024-01-01", true)).toBe("1 січня 2024 р.");
  expect(en.date("2024-06-30T22:30:00Z", true)).toContain("1 July 2024");
  expect(uk.date("незабаром", false)).toBe("незабаром");
});

test("distances are told in metres up to a kilometre", () => {
  expect(uk.distance(500)).toBe("500 м");
  expect(uk.distance(2000)).toBe("2 км");
});

test("markup in a parameter stays text", () => {
  expect(en.t("legend.more", { layer: "<b>{n}</b>" })).toBe("Settings of the layer “<b>{n}</b>”");
});
