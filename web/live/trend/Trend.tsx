// How many people were here, minute by minute: the chart, the same in words, and the same as a table for those who listen.

import "uplot/dist/uPlot.min.css";
import "./trend.css";
import type { ReadonlySignal, Signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useAnswer } from "../shared/answer.ts";
import { useCalm, useNow } from "../shared/calm.ts";
import type { People } from "../wire.ts";
import type { Range } from "../words/catalogue.ts";
import { useTongue } from "../words/speech.ts";
import type { Tongue } from "../words/tongue.ts";
import type { Plot } from "./plot.ts";
import { asked, highest, lastMinutes, type Series } from "./series.ts";

export const RANGES: Range[] = ["30m", "24h", "7d"];
const CALM = 15_000; // milliseconds between two changes of the table

interface Props {
  /** People in each of the last minutes, as they are pushed. */
  live: ReadonlySignal<readonly number[]>;
  /** The server's clock less this browser's. */
  ahead: ReadonlySignal<number>;
  /** Changes when the page may have missed something. */
  fresh: ReadonlySignal<number>;
  range: Signal<Range>;
  /** Changes when the colours do. */
  look: string;
  ask(range: Range, signal: AbortSignal): Promise<People>;
}

export function Trend({ live, ahead, fresh, range, look, ask }: Props) {
  const tongue = useTongue();
  const { words } = tongue;
  const minute = Math.floor((useNow(5_000) + ahead.value) / 60_000);
  const wanted = range.value;
  const round = wanted === "30m" ? minute : Math.floor(minute / 5);
  const answer = useAnswer(
    (signal) => ask(wanted, signal).then((people) => ({ people, range: wanted })),
    [wanted, round, fresh.value],
  );
  const known = answer.value?.range === wanted ? answer.value.people : null;
  const newest = live.value;
  const series = useMemo( // the chart is drawn anew for a new one
    () => wanted === "30m" ? lastMinutes(newest, minute * 60_000, known) : known && asked(known),
    [wanted, newest, minute, known],
  );
  return (
    <section class="trend" aria-labelledby="trend">
      <div class="head">
        <h2 id="trend">{words.trend}</h2>
        <div class="switch" role="group" aria-label={words.range}>
          {RANGES.map((r) => (
            <button
              type="button"
              key={r}
              aria-pressed={r === wanted}
              aria-label={words.rangesSpoken[r]}
              onClick={() => range.value = r}
            >
              {words.ranges[r]}
            </button>
          ))}
        </div>
      </div>
      <Chart series={series} mark={null} look={look} />
      {answer.failed && wanted !== "30m" && (
        <p class="failed" role="alert">
          {words.failed} <button type="button" class="quiet" onClick={answer.again}>{words.again}</button>
        </p>
      )}
    </section>
  );
}

interface ChartProps {
  series: Series | null;
  /** The index of the moment that the page shows. */
  mark: number | null;
  look: string;
}

export function Chart({ series, mark, look }: ChartProps) {
  const tongue = useTongue();
  const host = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<Plot>();
  const [at, setAt] = useState<number | null>(null);
  const ready = series !== null;
  const newest = useRef(series);
  newest.current = series;
  useEffect(() => {
    if (!ready) return;
    let made: Plot | undefined;
    let gone = false;
    import("./plot.ts").then(({ Plot }) => {
      if (gone || !host.current || !newest.current) return;
      const time = (ms: number, step: number) => (step > 1_800_000 ? tongue.weekday(ms) : tongue.clock(ms));
      setPlot(made = new Plot(host.current, { time, number: tongue.number }, newest.current, setAt));
    }).catch(() => {/* no chart then: the words and the table say the same */});
    return () => {
      gone = true;
      made?.destroy();
      setPlot(undefined);
    };
  }, [tongue, ready]);
  useEffect(() => {
    if (series) plot?.show(series, mark);
  }, [plot, series, mark]);
  useEffect(() => plot?.redraw(), [look]);
  const last = (series?.times.length ?? 1) - 1;
  const go = (e: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
    const here = at ?? (e.key === "ArrowLeft" ? last + 1 : -1);
    const to = e.key === "Home" ? 0 : e.key === "End" ? last : e.key in steps ? here + steps[e.key] : null;
    if (to === null || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    e.stopPropagation();
    plot?.point(Math.max(0, Math.min(last, to)));
  };
  const shown = at ?? mark ?? last;
  return (
    <>
      <div
        class="chart"
        ref={host}
        role="slider"
        tabIndex={0}
        aria-label={tongue.words.chart}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={shown}
        aria-valuetext={series
          ? Object.values(said(series, shown, tongue)).filter(Boolean).join("; ")
          : tongue.words.loading}
        onKeyDown={go}
        onBlur={() => plot?.point(null)}
      >
      </div>
      <Legend series={series} at={at} />
      {series && <Twin series={series} />}
    </>
  );
}

const when = (ms: number, step: number, tongue: Tongue) => (step > 60_000 ? tongue.moment(ms) : tongue.clock(ms));

/** One step in words: when, how many, and how many a week before. */
function said(series: Series, i: number, tongue: Tongue): { now: string; before: string } {
  const { words, number, average, count } = tongue;
  if (!(i in series.times)) return { now: words.loading, before: "" };
  const people = series.step > 60_000
    ? words.average(average(series.people[i]), number(series.peak[i]))
    : count(words.people, series.people[i]);
  const before = series.before[i];
  return {
    now: `${when(series.times[i], series.step, tongue)}: ${people}`,
    before: before === null ? "" : `${words.weekBefore}: ${average(before)}`,
  };
}

/** What is pointed at, else the most there was. */
function Legend({ series, at }: { series: Series | null; at: number | null }) {
  const tongue = useTongue();
  const { words, number } = tongue;
  if (!series) return <p class="legend">{words.loading}</p>;
  const most = highest(series.peak);
  const highestWas = most >= 0 &&
    words.highest(number(series.peak[most]), when(series.times[most], series.step, tongue));
  const { now, before } = at === null
    ? { now: highestWas, before: series.before.some((n) => n !== null) ? words.weekBefore : "" }
    : said(series, at, tongue);
  return (
    <p class="legend">
      {now && <span>{now}</span>}
      {before && <span class="before">{before}</span>}
    </p>
  );
}

function Twin({ series }: { series: Series }) {
  const tongue = useTongue();
  const { words } = tongue;
  const calm = useCalm(series, CALM);
  const now = calm.step === series.step && calm.times.length === series.times.length ? calm : series;
  return (
    <div class="unseen">
      <table>
        <caption>{words.trend}</caption>
        <thead>
          <tr>
            <th scope="col">{words.time}</th>
            <th scope="col">{words.trend}</th>
            <th scope="col">{words.weekBefore}</th>
          </tr>
        </thead>
        <tbody>
          {now.times.map((time, i) => (
            <tr key={time}>
              <th scope="row">{when(time, now.step, tongue)}</th>
              <td>{tongue.average(now.people[i])}</td>
              <td>{now.before[i] === null ? "" : tongue.average(now.before[i]!)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
