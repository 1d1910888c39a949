// The tables: which card has which tabs, by what each groups and what it says. A new one is one line here. Pure.

import { type Filter, isCondition } from "./filters.ts";
import type { Metric } from "./terms.ts";

export interface Tab {
  id: string;
  /** What a row is, first of all; what follows tells it from others of that name. */
  dimensions: string[];
  /** Beside each row in the card. */
  short: Metric;
  /** The columns of the whole table. */
  metrics: Metric[];
  /** What all rows are about. */
  filters?: Filter[];
}

const OF_VISITS: Metric[] = ["visitors", "visits", "pageviews", "bounce_rate", "visit_duration"];
const OF_EVENTS: Metric[] = ["visitors", "events"];
const UTM = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"];

const ofVisits = (id: string, ...more: string[]): Tab => {
  const dimensions = [id, ...more].map((name) => `visit:${name}`);
  return { id, dimensions, short: "visitors", metrics: OF_VISITS };
};
const ofEvents = (id: string, metrics: Metric[], dimension = `event:${id}`): Tab => (
  { id, dimensions: [dimension], short: "visitors", metrics }
);

export const PROPERTIES = "properties";
export const CARDS: { id: "pages" | "sources" | "places" | "devices" | "events"; tabs: Tab[] }[] = [
  {
    id: "pages",
    tabs: [
      ofEvents("page", ["visitors", "pageviews", "bounce_rate", "time_on_page", "scroll_depth"]),
      ofVisits("entry_page"),
      ofVisits("exit_page"),
      ofEvents("title", ["visitors", "pageviews"]),
      ofEvents("hostname", ["visitors", "pageviews"]),
    ],
  },
  {
    id: "sources",
    tabs: [ofVisits("source"), ofVisits("channel"), ofVisits("referrer"), ...UTM.map((tag) => ofVisits(tag))],
  },
  {
    id: "places",
    tabs: [ofVisits("country"), ofVisits("region", "country"), ofVisits("city", "country"), ofVisits("language")],
  },
  {
    id: "devices",
    tabs: [
      ofVisits("browser"),
      ofVisits("browser_version", "browser"),
      ofVisits("os"),
      ofVisits("os_version", "os"),
      ofVisits("device"),
      ofVisits("screen"),
    ],
  },
  {
    id: "events",
    tabs: [
      ofEvents("goal", [...OF_EVENTS, "conversion_rate"]),
      {
        ...ofEvents("event", OF_EVENTS, "event:name"),
        filters: [{ operator: "is_not", dimension: "event:name", values: ["pageview"] }],
      },
      ofEvents(PROPERTIES, OF_EVENTS, "event:props:"),
    ],
  },
];

const ALL = new Map(CARDS.flatMap(({ tabs }) => tabs.map((tab) => [tab.id, tab])));
export const tabNamed = (id: string) => ALL.get(id);

/** The chosen tab of a card: the first, unless another was chosen. */
export const chosen = (tabs: readonly Tab[], ids: readonly string[]) =>
  tabs.find(({ id }) => ids.includes(id)) ?? tabs[0];

/** The chosen tabs after this one was chosen. */
export function choosing(tabs: readonly Tab[], id: string, ids: readonly string[]): string[] {
  const others = ids.filter((other) => !tabs.some((tab) => tab.id === other));
  return tabs[0].id === id ? others : [...others, id];
}

const NOT_BY_BEATS = ["event:title", "event:name", "event:goal"]; // what beats and leaves do not tell
const BY_MINUTES = ["event:page", "visit:country"];

/** Those of the metrics that the API answers with these filters. */
export function answerable(metrics: readonly Metric[], filters: readonly Filter[]): Metric[] {
  const about = filters.flatMap((f) => isCondition(f) ? [f.dimension] : ["?"]);
  return metrics.filter((metric) => {
    if (metric === "time_on_page" || metric === "scroll_depth") {
      return !about.some((d) => d === "?" || NOT_BY_BEATS.includes(d) || d.startsWith("event:props:"));
    }
    if (metric === "people" || metric === "people_peak") return about.every((d) => BY_MINUTES.includes(d));
    return true;
  });
}
