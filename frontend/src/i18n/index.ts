/** Words in the reader's language, and numbers and dates as that language writes them. */
import en from "./en.json";
import uk from "./uk.json";

export type Lang = "uk" | "en";
export type Key = keyof typeof uk;
/** Plural forms by the category names of Intl.PluralRules. */
type Plural = Partial<Record<Intl.LDMLPluralRule, string>>;
type Params = Readonly<Record<string, string | number>>;

export const DICTIONARIES: Record<Lang, Record<string, string | Plural>> = { uk, en };
const LOCALES: Record<Lang, string> = { uk: "uk-UA", en: "en-GB" };

export class I18n {
  readonly lang: Lang;
  readonly locale: string;
  private readonly plurals: Intl.PluralRules;

  /** Any language but English is answered in Ukrainian. */
  constructor(lang: string) {
    this.lang = lang.startsWith("en") ? "en" : "uk";
    this.locale = LOCALES[this.lang];
    this.plurals = new Intl.PluralRules(this.locale);
  }

  /** `{name}` is replaced by params.name; where the entry has plural forms, `n` chooses among them. */
  t(key: Key, params: Params = {}): string {
    const entry = DICTIONARIES[this.lang][key];
    const text = typeof entry === "object" ? this.form(entry, Number(params.n ?? 0)) : (entry ?? key);
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = params[name];
      if (value === undefined) return whole;
      return typeof value === "number" ? this.number(value) : value;
    });
  }

  number(value: number, options: Intl.NumberFormatOptions = {}): string {
    return new Intl.NumberFormat(this.locale, { maximumFractionDigits: 6, ...options }).format(value);
  }

  /** An ISO date or date-time; what is not one comes back as it is. */
  date(iso: string, withTime: boolean): string {
    // A bare date has no time zone: read as UTC and shown as UTC, it stays that day everywhere.
    const bare = /^\d{4}-\d{2}-\d{2}$/.test(iso);
    const time = new Date(iso);
    if (Number.isNaN(time.getTime())) return iso;
    return new Intl.DateTimeFormat(this.locale, {
      dateStyle: "long",
      ...(withTime && !bare && { timeStyle: "short" }),
      timeZone: bare ? "UTC" : "Europe/Kyiv",
    }).format(time);
  }

  list(items: readonly string[]): string {
    return new Intl.ListFormat(this.locale, { type: "conjunction" }).format(items);
  }

  /** A distance as a person says it: "250 м", "1,2 км". */
  distance(metres: number): string {
    const long = metres >= 1000;
    return this.number(long ? metres / 1000 : metres, {
      style: "unit",
      unit: long ? "kilometer" : "meter",
      unitDisplay: "short",
      maximumFractionDigits: metres < 10 ? 1 : long && metres < 10_000 ? 1 : 0,
    });
  }

  /** A unit of Intl by its short name: "м". */
  unit(unit: string): string {
    const style = { style: "unit", unit, unitDisplay: "short" } as const;
    const parts = new Intl.NumberFormat(this.locale, style).formatToParts(1);
    return parts.find(({ type }) => type === "unit")?.value ?? unit;
  }

  private form(entry: Plural, n: number): string {
    return entry[this.plurals.select(n)] ?? entry.other ?? entry.many ?? "";
  }
}
