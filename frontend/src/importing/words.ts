/** The words of the import pages: a dictionary of their own, so that readers of the map do not download them. */
import { DICTIONARIES, type I18n, type Key } from "../i18n";
import en from "./words/en.json";
import uk from "./words/uk.json";

export type WordKey = keyof typeof uk;
export type Words = (key: WordKey, params?: Readonly<Record<string, string | number>>) => string;

export const IMPORT_WORDS = { uk, en };

/** Teaches the page's dictionary the words of the import pages. */
export function wordsOf(i18n: I18n): Words {
  Object.assign(DICTIONARIES.uk, uk);
  Object.assign(DICTIONARIES.en, en);
  return (key, params) => i18n.t(key as unknown as Key, params);
}
