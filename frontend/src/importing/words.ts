/** The words of the import pages. */
import { part, type WordsOf } from "../i18n/part";
import en from "./words/en.json";
import uk from "./words/uk.json";

export const IMPORT_WORDS = { uk, en };
export type WordKey = keyof typeof uk;
export type Words = WordsOf<WordKey>;
export const wordsOf = part(IMPORT_WORDS);
