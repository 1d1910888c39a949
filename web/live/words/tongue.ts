// A language with its catalogue and the numbers, dates and plurals of the reader's locale. Pure but for Intl.

import type { Catalogue, Forms } from "./catalogue.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";

export const CATALOGUES = { en, de, es };
export type Language = keyof typeof CATALOGUES;
export const LANGUAGES: Record<Language, string> = { en: "English", de: "Deutsch", es: "Español" };

export interface Tongue {
  language: Language;
  /** The reader's own, of that language. */
  locale: string;
  words: Catalogue;
  number(n: number): string;
  /** One decimal at most, for averages. */
  average(n: number): string;
  /** The form for the number, with the number in place of "#". */
  count(forms: Forms, n: number): string;
  day(ms: number): string;
  /** With seconds. */
  time(ms: number): string;
  /** Hours and minutes. */
  clock(ms: number): string;
  weekday(ms: number): string;
  /** Day and clock. */
  moment(ms: number): string;
  /** How long ago, in round figures, so that it does not flicker. `ms` is an age. */
  ago(ms: number): string;
  /** The name of a two-letter code; anything else, which clients of other tools may send, stays as it is. */
  country(code: string): string;
}

export const isLanguage = (text: unknown): text is Language =>
  typeof text === "string" && Object.hasOwn(CATALOGUES, text);

/** The first of the wishes (a chosen language, then the browser's own) that there is a catalogue for. */
export function choose(wished: (string | null)[], browser: readonly string[]): Language {
  const all = [...wished, ...browser].map((tag) => tag?.split("-")[0].toLowerCase());
  return all.find(isLanguage) ?? "en";
}

/** `browser`: the tags that the reader prefers; the first of the language decides between, say, "en-GB" and "en-US". */
export function tongue(language: Language, browser: readonly string[]): Tongue {
  const locale = browser.find((tag) => tag.split("-")[0].toLowerCase() === language) ?? language;
  const words = CATALOGUES[language];
  const numbers = new Intl.NumberFormat(locale);
  const averages = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const plurals = new Intl.PluralRules(locale);
  const regions = new Intl.DisplayNames(locale, { type: "region" });
  const ages = new Intl.RelativeTimeFormat(locale, { style: "narrow" });
  const dates = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(locale, options);
    return (ms: number) => format.format(ms);
  };
  return {
    language,
    locale,
    words,
    number: (n) => numbers.format(n),
    average: (n) => averages.format(n),
    count: (forms, n) => (plurals.select(n) === "one" ? forms.one : forms.other).replace("#", numbers.format(n)),
    day: dates({ dateStyle: "medium" }),
    time: dates({ timeStyle: "medium" }),
    clock: dates({ hour: "numeric", minute: "2-digit" }),
    weekday: dates({ weekday: "short" }),
    moment: dates({ weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }),
    country: (code) => (/^[A-Z]{2}$/.test(code) ? regions.of(code) : code) || words.elsewhere,
    ago: (ms) => {
      const seconds = Math.max(0, ms) / 1000;
      if (seconds < 10) return words.justNow;
      if (seconds < 60) return ages.format(-10 * Math.floor(seconds / 10), "second");
      if (seconds < 3600) return ages.format(-Math.floor(seconds / 60), "minute");
      if (seconds < 86_400) return ages.format(-Math.floor(seconds / 3600), "hour");
      return ages.format(-Math.floor(seconds / 86_400), "day");
    },
  };
}
