// What the chart shows: times, people then, people a week before. Pure.

import type { People } from "../wire.ts";

export interface Series {
  /** Beginnings of the steps, milliseconds, ascending. */
  times: number[];
  step: number;
  people: number[];
  /** At most at one moment of the step. */
  peak: number[];
  /** Null where nothing is known of a week before; all of it if nobody at all was here then. */
  before: (number | null)[];
}

const MINUTE = 60_000;

/** The last minutes as they are pushed; `now` is the server's time. What is known of a week before comes by request. */
export function lastMinutes(trend: readonly number[], now: number, asked: People | null): Series {
  const first = Math.floor(now / MINUTE) * MINUTE - (trend.length - 1) * MINUTE;
  const times = trend.map((_, i) => first + i * MINUTE);
  const before = times.map((time) => asked?.before[Math.round((time - asked.from) / asked.step)] ?? null);
  return { times, step: MINUTE, people: [...trend], peak: [...trend], before: known(before) };
}

export function asked({ from, step, people, peak, before }: People): Series {
  return { times: people.map((_, i) => from + i * step), step, people, peak, before: known(before) };
}

const known = (before: (number | null)[]) => (before.some((n) => n) ? before : before.map(() => null));

/** The minutes of a replay. */
export function replayed(from: number, people: number[]): Series {
  return {
    times: people.map((_, i) => from + i * MINUTE),
    step: MINUTE,
    people,
    peak: people,
    before: people.map(() => null),
  };
}

/** The step with the most people, the newest of equals; -1 if there are none. */
export function highest(peak: readonly number[]): number {
  return peak.reduce((best, n, i) => (n > 0 && n >= (peak[best] ?? 0) ? i : best), -1);
}
