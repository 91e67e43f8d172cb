import { expect, test } from "vitest";
import { testDictionary } from "../../dev/dictionaries";
import { I18n } from "../i18n";
import { EDITOR_WORDS, wordsOf } from "./words";

// Put together from a kind of step, tool, problem or state.
testDictionary(EDITOR_WORDS, { folder: "src/editor", composed: /^(step|draw\.hint|draw|place|changes)\./ });

test("the page's language speaks the editor's words, and text in a parameter stays text", () => {
  const words = wordsOf(new I18n("uk"));
  expect([1, 3, 5].map((n) => words("save.button", { n }))).toEqual([
    "Зберегти 1 зміну",
    "Зберегти 3 зміни",
    "Зберегти 5 змін",
  ]);
  expect(words("step.create", { title: "<b>" })).toBe("створено «<b>»");
});
