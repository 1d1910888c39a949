// A series as a drawing that a pointer and the arrow keys move through, what they point at in words, and all of it as a table.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Step } from "../dates.ts";
import type { Metric } from "../terms.ts";
import { type Speech, useSpeech } from "../words/speech.ts";
import type { Labels, Plot, Told } from "./plot.ts";
import { COUNTS, type Series } from "./series.ts";

interface Props extends Omit<Told, "pointed"> {
  series: Series | null;
  metric: Metric;
  step: Step;
  /** Changes when the colours do. */
  look: string;
  name: string;
  /** What lies over the drawing. */
  children: ComponentChildren;
}

export function Drawn({ series, metric, step, look, name, laid, dragged, children }: Props) {
  const speech = useSpeech();
  const host = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<Plot>();
  const [at, setAt] = useState<number | null>(null);
  const newest = useRef({ series, labels: labels(series, metric, step, speech), laid, dragged });
  newest.current = { series, labels: labels(series, metric, step, speech), laid, dragged };
  const ready = series !== null;
  useEffect(() => {
    if (!ready) return;
    let made: Plot | undefined;
    let gone = false;
    import("./plot.ts").then(({ Plot }) => {
      const { series, labels } = newest.current;
      if (gone || !host.current || !series) return;
      setPlot(
        made = new Plot(host.current, labels, series, {
          pointed: setAt,
          laid: (left) => newest.current.laid(left),
          dragged: (first, last) => newest.current.dragged(first, last),
        }),
      );
    }).catch(() => {/* no drawing then: the words and the table say the same */});
    return () => {
      gone = true;
      made?.destroy();
      setPlot(undefined);
    };
  }, [ready]);
  useEffect(() => {
    if (series) plot?.show(series, newest.current.labels);
  }, [plot, series, speech]);
  useEffect(() => plot?.redraw(), [look]);
  const last = (series?.labels.length ?? 1) - 1;
  const go = (e: KeyboardEvent) => {
    const to = target(e.key, at, last);
    if (to === null || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    e.stopPropagation();
    plot?.point(to);
  };
  const shown = at ?? (series && series.open >= 0 ? series.open : last);
  const say = (i: number) => series ? said(series, i, metric, step, speech) : [];
  return (
    <>
      <div class="canvas">
        <div
          class="chart"
          ref={host}
          role="slider"
          tabIndex={0}
          aria-label={name}
          aria-valuemin={0}
          aria-valuemax={last}
          aria-valuenow={shown}
          aria-valuetext={say(shown).join("; ") || speech.tongue.words.loading}
          onKeyDown={go}
          onBlur={() => plot?.point(null)}
        >
        </div>
        {children}
      </div>
      <p class="legend">
        {say(shown).map((text, i) => <span key={i} class={i ? "before" : ""}>{text}</span>)}
      </p>
      {series && <Twin series={series} metric={metric} step={step} />}
    </>
  );
}

/** Where a key leads; null for a key that leads nowhere. */
function target(key: string, at: number | null, last: number): number | null {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -7, PageDown: 7 };
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (!(key in steps)) return null;
  return Math.max(0, Math.min(last, (at ?? (key === "ArrowLeft" ? last + 1 : -1)) + steps[key]));
}

const labels = (series: Series | null, metric: Metric, step: Step, speech: Speech): Labels => ({
  step: (index) => series?.labels[index] ? speech.axis(step, series.labels[index]) : "",
  value: (value) => COUNTS.includes(metric) && value % 1 ? "" : speech.figure(metric, value, true),
});

/** One step in words: when and how many, and the same of the range before. */
function said(series: Series, i: number, metric: Metric, step: Step, speech: Speech): string[] {
  const { words, figure } = speech;
  if (!(i in series.labels)) return [];
  const open = i === series.open ? `, ${words.open}` : "";
  const lines = [`${speech.step(step, series.labels[i])}: ${figure(metric, series.now[i])}${open}`];
  const before = series.beforeLabels[i];
  if (before && series.before.some((n) => n !== null)) {
    lines.push(`${speech.step(step, before)}: ${figure(metric, series.before[i])}`);
  }
  return lines;
}

function Twin({ series, metric, step }: { series: Series; metric: Metric; step: Step }) {
  const speech = useSpeech();
  const { words, figure } = speech;
  return (
    <div class="unseen">
      <table>
        <caption>{words.metrics[metric]}</caption>
        <thead>
          <tr>
            <th scope="col">{words.hour}</th>
            <th scope="col">{words.metrics[metric]}</th>
            <th scope="col">{words.before}</th>
          </tr>
        </thead>
        <tbody>
          {series.labels.map((label, i) => (
            <tr key={label}>
              <th scope="row">{speech.step(step, label)}</th>
              <td>{figure(metric, series.now[i])}</td>
              <td>{figure(metric, series.before[i])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
