import { expect, test } from "vitest";
import { testDictionary } from "../../dev/dictionaries";
import { DICTIONARIES, I18n, type Key } from ".";

const uk = new I18n("uk");
const en = new I18n("en-US");

// Heights of the sheet are put together from their names.
testDictionary(DICTIONARIES, { folder: "src", composed: /^sheet\.(peek|half|full)$/ });

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
