import { expect, test } from "vitest";
import { testDictionary } from "../../dev/dictionaries";
import { I18n } from "../i18n";
import { IMPORT_WORDS, wordsOf } from "./words";

// Put together from the reason of a refusal.
testDictionary(IMPORT_WORDS, { folder: "src/importing", composed: /^file\.(tooLarge|empty)$/ });

test("the button counts what it applies, and text in a parameter stays text", () => {
  const words = wordsOf(new I18n("uk"));
  expect([1, 3, 5].map((n) => words("review.apply", { n }))).toEqual([
    "Застосувати 1 зміну",
    "Застосувати 3 зміни",
    "Застосувати 5 змін",
  ]);
  expect(words("file.remove", { name: "<b>" })).toBe("Прибрати файл «<b>»");
});
