/** The words of rasters on the map. */
import { part, type WordsOf } from "../i18n/part";
import en from "./words/en.json";
import uk from "./words/uk.json";

export const RASTER_WORDS = { uk, en };
export type Words = WordsOf<keyof typeof uk>;
export const wordsOf = part(RASTER_WORDS);
