// Questions for POST /api/v2/query, from what is looked at. Pure.

import type { Range } from "./dates.ts";
import { type Filter, spoken } from "./filters.ts";
import { answerable, PROPERTIES, type Tab } from "./tabs.ts";
import type { Metric } from "./terms.ts";
import type { Span, View } from "./view.ts";

export interface Question {
  site_id: string;
  metrics: Metric[];
  date_range: Range;
  dimensions?: string[];
  filters?: readonly unknown[];
  order_by?: [string, "asc" | "desc"][];
  include?: Record<string, unknown>;
  pagination?: { limit: number; offset: number };
}

export interface Answer {
  results: {
    dimensions: string[];
    metrics: (number | null)[];
    comparison?: { metrics: (number | null)[]; change: (number | null)[] };
  }[];
  meta: {
    time_labels?: string[];
    total_rows?: number;
    metric_warnings?: Record<string, { code: string; warning: string }>;
  };
}

export const ROWS = 9; // of a card

/** The headline in groups of metrics that are asked about together, by what they are counted from. */
export function headline(view: View): Record<"counts" | "people" | "stays" | "minutes", Metric[]> {
  const goal = view.filters.some((f) => "dimension" in f && f.dimension === "event:goal");
  return {
    counts: ["visits", "pageviews", "views_per_visit", "bounce_rate", "visit_duration"],
    people: goal ? ["visitors", "events", "conversion_rate"] : ["visitors"],
    stays: answerable(["time_on_page", "scroll_depth"], view.filters),
    minutes: answerable(["people_peak"], view.filters),
  };
}

/** What the chart shows: what was chosen, where the headline has it with these filters. */
export function charted(view: View): Metric {
  return Object.values(headline(view)).flat().includes(view.chart) ? view.chart : "visitors";
}

export function total(site: string, { filters }: View, { range, against }: Span, metrics: Metric[]): Question {
  return {
    site_id: site,
    metrics,
    date_range: range,
    filters: filters.map(spoken),
    ...against && { include: { comparisons: { mode: "custom", date_range: against, elapsed: true } } },
  };
}

export function series(site: string, view: View, range: Range, step: string): Question {
  return {
    site_id: site,
    metrics: [charted(view)],
    date_range: range,
    dimensions: [`time:${step}`],
    filters: view.filters.map(spoken),
    include: { time_labels: true },
  };
}

export interface Slice {
  limit: number;
  offset: number;
  order: [string, "asc" | "desc"] | null;
  /** What rows are searched by, if anything. */
  also: Filter[];
}

export const FIRST: Slice = { limit: ROWS, offset: 0, order: null, also: [] };

export function table(site: string, view: View, { range }: Span, tab: Tab, metrics: Metric[], slice = FIRST): Question {
  const filters = [...view.filters, ...tab.filters ?? [], ...slice.also];
  const asked = answerable(metrics, filters);
  return {
    site_id: site,
    metrics: asked,
    date_range: range,
    dimensions: dimensionsOf(tab, view),
    filters: filters.map(spoken),
    ...slice.order && asked.includes(slice.order[0] as Metric) && { order_by: [slice.order] },
    include: { total_rows: true },
    pagination: { limit: slice.limit, offset: slice.offset },
  };
}

/** By what a tab groups: of a property its name is chosen. */
export const dimensionsOf = (tab: Tab, view: View) =>
  tab.id === PROPERTIES ? [`event:props:${view.property}`] : tab.dimensions;
