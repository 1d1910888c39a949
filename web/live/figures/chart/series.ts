// What the chart shows: a value for each step of the range, the same of the range before, and where the present is. Pure.

import { plus, type Range, stepOf } from "../dates.ts";
import type { Answer } from "../questions.ts";
import type { Metric } from "../terms.ts";

/** Metrics that are whole numbers, 0 where nothing is. */
export const COUNTS: readonly Metric[] = ["visitors", "visits", "pageviews", "events", "people_peak"];

export interface Series {
  /** The steps by their beginnings, as the site's clocks tell them. */
  labels: string[];
  /** Null where there is nothing to tell, as of what is still to come. */
  now: (number | null)[];
  before: (number | null)[];
  beforeLabels: string[];
  /** The step that is not over yet; -1 if all are. */
  open: number;
}

/** `moment`: what the site's clocks show; `nothing`: the value of a step of which the answer says nothing. */
export function series(
  now: Answer,
  before: Answer | null,
  moment: string,
  isOpen: boolean,
  nothing: number | null,
): Series {
  const labels = now.meta.time_labels ?? [];
  const beforeLabels = before?.meta.time_labels ?? [];
  const open = isOpen ? stepOf(labels, moment) : -1;
  const last = isOpen ? open : labels.length - 1;
  const values = valuesOf(now, nothing);
  // where nobody was at all nothing is compared: counting had not begun
  const others = before?.results.some(({ metrics }) => metrics[0]) ? valuesOf(before, nothing) : null;
  return {
    labels,
    now: labels.map((label, i) => i <= last ? values(label) : null),
    before: labels.map((_, i) => others && i < beforeLabels.length ? others(beforeLabels[i]) : null),
    beforeLabels,
    open,
  };
}

function valuesOf({ results }: Answer, nothing: number | null) {
  const known = new Map(results.map(({ dimensions, metrics }) => [dimensions[0], metrics[0]]));
  return (label: string) => known.get(label) ?? nothing;
}

export interface Placed<T> {
  at: number;
  notes: T[];
}

/** Notes by the step in which they are; those before or behind the range are left out. */
export function placed<T extends { at: string }>(
  notes: readonly T[],
  labels: readonly string[],
  end: string,
): Placed<T>[] {
  const found = new Map<number, T[]>();
  for (const note of notes) {
    const moment = note.at.replace("T", " ");
    // of a week that began before the range the label is the range's first day; an hour's is longer than a day's
    const at = stepOf(labels.map((label) => label.slice(0, Math.max(10, moment.length))), moment);
    if (at < 0 || moment.slice(0, 10) > end) continue;
    found.set(at, [...found.get(at) ?? [], note]);
  }
  return [...found].sort(([a], [b]) => a - b).map(([at, those]) => ({ at, notes: those }));
}

/** The days from one step to the end of another; `end` is the last day of all. */
export function dragged(labels: readonly string[], first: number, last: number, end: string): Range {
  const start = labels[first].slice(0, 10);
  const until = last + 1 < labels.length ? plus(labels[last + 1].slice(0, 10), -1) : end;
  return [start, until < start ? start : until];
}
