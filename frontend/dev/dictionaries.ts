/** What must hold of every dictionary of the program; called in the tests beside each. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

type Entries = Readonly<Record<string, unknown>>;

function placeholders(entry: unknown): string {
  return [...new Set(JSON.stringify(entry).match(/\{\w+\}/g) ?? [])].sort().join(" ");
}

/** `folder`: where its keys are used; `composed`: keys that the source puts together from parts. */
export function testDictionary(
  words: { readonly uk: Entries; readonly en: Entries },
  { folder, composed }: { folder: string; composed: RegExp },
): void {
  test("both languages have the same keys with the same placeholders", () => {
    expect(Object.keys(words.en).sort()).toEqual(Object.keys(words.uk).sort());
    for (const key of Object.keys(words.uk)) {
      expect(placeholders(words.en[key]), key).toBe(placeholders(words.uk[key]));
    }
  });

  test("every plural has just the forms its language asks for, and no text is empty", () => {
    for (const [lang, entries] of Object.entries(words)) {
      const forms = [...new Intl.PluralRules(lang).resolvedOptions().pluralCategories].sort();
      for (const [key, entry] of Object.entries(entries)) {
        const named = typeof entry === "string" ? { other: entry } : (entry as Record<string, string>);
        if (typeof entry !== "string") expect(Object.keys(named).sort(), `${lang}: ${key}`).toEqual(forms);
        for (const text of Object.values(named)) expect(text.trim(), `${lang}: ${key}`).not.toBe("");
      }
    }
  });

  test("every key is used somewhere in the source", () => {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts") && !name.includes(".test."),
    );
    const source = files.map((name) => readFileSync(`${folder}/${name}`, "utf8")).join("\n");
    const unused = Object.keys(words.uk).filter((key) => !source.includes(`"${key}"`) && !composed.test(key));
    expect(unused).toEqual([]);
  });
}
