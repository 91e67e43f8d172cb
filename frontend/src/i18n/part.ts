/** The words of one part of the program: a dictionary of its own, so that who does not need the part downloads none. */
import { DICTIONARIES, type I18n, type Key } from ".";

type Entries = Readonly<Record<string, unknown>>;
export type WordsOf<K extends string> = (
  key: K,
  params?: Readonly<Record<string, string | number>>,
) => string;

/** A function that teaches the page's dictionary the words of the part, and returns how to say them. */
export function part<E extends Entries>(words: {
  readonly uk: E;
  readonly en: Entries;
}): (i18n: I18n) => WordsOf<keyof E & string> {
  return (i18n) => {
    Object.assign(DICTIONARIES.uk, words.uk);
    Object.assign(DICTIONARIES.en, words.en);
    return (key, params) => i18n.t(key as string as Key, params);
  };
}
