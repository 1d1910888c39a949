// The words of figures in the language of the page, with its numbers, dates and names. Pure but for Intl and one context.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Language, type Tongue, tongue } from "../../words/tongue.ts";
import { type Range, type Step, utc } from "../dates.ts";
import { type Filter, isCondition, NAMES } from "../filters.ts";
import type { Metric } from "../terms.ts";
import type { Words } from "./catalogue.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";

const CATALOGUES: Record<Language, Words> = { en, de, es };
const PERCENT = ["bounce_rate", "scroll_depth", "percentage", "conversion_rate", "group_conversion_rate"];
const SECONDS = ["visit_duration", "time_on_page"];
const SHORT = new Map(Object.entries(NAMES).map(([name, dimension]) => [dimension, name]));
const NONE = "–";

export interface Speech {
  tongue: Tongue;
  words: Words;
  /** A metric's value; `short`: large ones to three digits. */
  figure(metric: Metric, value: number | null | undefined, short?: boolean): string;
  /** "12%", and the same with its sign. */
  change(percent: number): string;
  signed(percent: number): string;
  percent(share: number): string;
  /** A step of the chart: whole, and as short as an axis wants it. */
  step(step: Step, label: string): string;
  axis(step: Step, label: string): string;
  range(range: Range): string;
  day(day: string): string;
  /** What a dimension is called, and what one of its values reads. */
  dimension(dimension: string): string;
  value(dimension: string, value: string): string;
  filter(filter: Filter): string;
}

/** The same in all languages: nothing else is as short. */
function duration(n: number): string {
  const [hours, minutes] = [Math.floor(n / 3600), Math.floor(n / 60) % 60];
  return hours ? `${hours}h ${minutes}m` : minutes ? `${minutes}m ${n % 60}s` : `${n}s`;
}

export function speech(tongue: Tongue): Speech {
  const { locale } = tongue;
  const words = CATALOGUES[tongue.language];
  const numbers = (options: Intl.NumberFormatOptions) => {
    const format = new Intl.NumberFormat(locale, options);
    return (n: number) => format.format(n);
  };
  const dates = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" });
    return (label: string) => format.format(utc(label));
  };
  const [plain, decimal] = [numbers({}), numbers({ minimumFractionDigits: 2, maximumFractionDigits: 2 })];
  const compact = numbers({ notation: "compact", maximumSignificantDigits: 3 });
  const share = numbers({ style: "percent", maximumFractionDigits: 1 });
  const signs = numbers({ style: "percent", signDisplay: "exceptZero" });
  const clock = dates({ hour: "numeric", minute: "2-digit" });
  const [short, dated] = [dates({ day: "numeric", month: "short" }), dates({ dateStyle: "medium" })];
  const weekday = dates({ weekday: "short", day: "numeric", month: "short" });
  const month = dates({ month: "long", year: "numeric" });
  const [shortMonth, moment] = [
    dates({ month: "short", year: "2-digit" }),
    dates({ weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }),
  ];
  const ranges = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const languages = new Intl.DisplayNames(locale, { type: "language", languageDisplay: "standard" });

  const value = (dimension: string, text: string) => {
    if (text === "(not set)") return words.notSet;
    if (text === "Direct / None" || dimension === "visit:channel" && text === "Direct") return words.direct;
    if (dimension === "visit:country") return tongue.country(text);
    if (dimension === "visit:screen") return words.screens[text] ?? text;
    if (dimension === "visit:device") return words.devices[text] ?? text;
    return dimension === "visit:language" ? languageName(languages, text) : text;
  };
  const dimension = (name: string) => {
    const short = SHORT.get(name) as keyof Words["names"] | undefined;
    return short ? words.names[short] : name.replace("event:props:", "");
  };
  return {
    tongue,
    words,
    figure(metric, n, isShort = false) {
      if (n === null || n === undefined) return NONE;
      if (PERCENT.includes(metric)) return share(n / 100);
      if (SECONDS.includes(metric)) return duration(Math.round(n));
      if (metric === "views_per_visit" || metric === "people") return decimal(n);
      return isShort && n >= 100_000 ? compact(n) : plain(n);
    },
    change: (percent) => share(Math.abs(percent) / 100),
    signed: (percent) => signs(percent / 100),
    percent: share,
    step: (step, label) =>
      ({
        hour: () => moment(label),
        day: () => weekday(label),
        week: () => words.weekOf(short(label)),
        month: () => month(label),
      })
        [step](),
    axis: (step, label) =>
      (step === "month" ? shortMonth : step === "hour" && !label.endsWith("00:00:00") ? clock : short)(label),
    range: ([first, last]) => ranges.formatRange(utc(first), utc(last)),
    day: (day) => day.length > 10 ? moment(day.replace("T", " ")) : dated(day),
    dimension,
    value,
    filter: (filter) =>
      isCondition(filter)
        ? [
          dimension(filter.dimension),
          words.operators[filter.operator],
          filter.values.map((v) => value(filter.dimension, v)).join(` ${words.or} `),
        ].join(" ")
        : words.special,
  };
}

function languageName(names: Intl.DisplayNames, tag: string): string {
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag; // browsers may send anything
  }
}

export const Spoken = createContext<Speech>(speech(tongue("en", [])));
export const useSpeech = () => useContext(Spoken);
