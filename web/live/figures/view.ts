// What of the figures is looked at, and the address that says so. Pure.

import {
  against,
  type Compare,
  type Day,
  days,
  isDay,
  type Named,
  PERIODS,
  type Range,
  type Step,
  STEPS,
  steps,
  suiting,
} from "./dates.ts";
import { type Filter, readFilters, write } from "./filters.ts";
import { tabNamed } from "./tabs.ts";
import { isMetric, type Metric } from "./terms.ts";

export interface View {
  /** Named, or first and last day. */
  period: Named | Range;
  compare: Compare;
  /** Null: as suits the range. */
  by: Step | null;
  /** Which metric the chart shows. */
  chart: Metric;
  filters: readonly Filter[];
  /** The chosen tabs that are not the first of their card. */
  tabs: readonly string[];
  /** The property of events that is looked at; "": none. */
  property: string;
  /** The tab of which all rows are shown. */
  all: string | null;
}

const USUAL = "28d";
const CHART = "visitors";
const COMPARE: readonly Compare[] = ["previous", "year", "none"];

/** What an address says; what it does not say, or says wrongly, is as usual. */
export function readView(query: URLSearchParams): View {
  const of = (name: string) => query.get(name) ?? "";
  const [from, to] = [of("from"), of("to")];
  const custom = of("period") === "custom" && isDay(from) && isDay(to) && from <= to;
  return {
    period: custom ? [from, to] : PERIODS.find((name) => name === of("period")) ?? USUAL,
    compare: COMPARE.find((name) => name === of("compare")) ?? "previous",
    by: STEPS.find((name) => name === of("by")) ?? null,
    chart: isMetric(of("chart")) ? of("chart") as Metric : CHART,
    filters: readFilters(query),
    tabs: of("tabs").split(",").filter(tabNamed),
    property: of("property"),
    all: tabNamed(of("all")) ? of("all") : null,
  };
}

const OTHERS = ["link", "lang"]; // parameters of the page that mean something without figures as well

/** The query of its address; `before`: that of the present one. */
export function writeView(
  { period, compare, by, chart, filters, tabs, property, all }: View,
  before: URLSearchParams,
): URLSearchParams {
  const query = without(before);
  const put = (name: string, value: string | null, usual = "") => value && value !== usual && query.set(name, value);
  put("period", typeof period === "string" ? period : "custom");
  if (typeof period !== "string") {
    put("from", period[0]);
    put("to", period[1]);
  }
  put("compare", compare, "previous");
  put("by", by);
  put("chart", chart, CHART);
  write(filters, query);
  put("tabs", tabs.join(","));
  put("property", property);
  put("all", all);
  return query;
}

/** A query without what is about figures. */
export const without = (query: URLSearchParams) =>
  new URLSearchParams([...query].filter(([name]) => OTHERS.includes(name)));

/** What a view comes to on a day: the range, what it is compared with, the steps of the chart. */
export interface Span {
  range: Range;
  against: Range | null;
  step: Step;
  /** Whether it is still going on. */
  open: boolean;
}

export function spanOf({ period, compare, by }: View, today: Day, since: Day): Span {
  const range = typeof period === "string" ? days(period, today, since) : period;
  return {
    range,
    against: period === "all" ? null : against(range, compare),
    step: by && steps(range).includes(by) ? by : suiting(range),
    open: range[0] <= today && today <= range[1],
  };
}
