// The figures of the whole period, each with its change and its meaning; the chosen one is drawn in the chart.

import { useEffect } from "preact/hooks";
import { Term } from "../../shared/Term.tsx";
import { type Asked, useAsked } from "../asked.ts";
import type { Door } from "../door.ts";
import { charted, headline, total } from "../questions.ts";
import type { Store } from "../store.ts";
import type { Metric } from "../terms.ts";
import { useSpeech } from "../words/speech.ts";

interface Props {
  store: Store;
  door: Door;
  /** Hears how many visitors there were in all. */
  told(visitors: number | null): void;
}

/** One question for each group of metrics: what is quickly counted does not wait for what is not. */
export function Headline({ store, door, told }: Props) {
  const { words } = useSpeech();
  const [view, span] = [store.view.value, store.span.value];
  const { counts, people, stays, minutes } = headline(view);
  const ask = (metrics: Metric[]) =>
    useAsked(door, metrics.length ? total(door.site, view, span, metrics) : null, store.fresh.value);
  const [counted, were, stayed, here] = [ask(counts), ask(people), ask(stays), ask(minutes)];
  const visitors = read(were, "visitors")?.value ?? null;
  useEffect(() => told(visitors), [visitors]);
  const tiles: [Metric[], Asked][] = [[people, were], [counts, counted], [stays, stayed], [minutes, here]];
  const compared = span.against !== null;
  return (
    <ul
      class="headline"
      aria-label={words.headline}
      style={{ "--tiles": tiles.flatMap(([metrics]) => metrics).length }}
    >
      {tiles.flatMap(([metrics, asked]) =>
        metrics.map((metric) => <Tile key={metric} metric={metric} asked={asked} store={store} compared={compared} />)
      )}
    </ul>
  );
}

interface Read {
  value: number | null;
  before: number | null;
  change: number | null;
}

function read({ answer, question }: Asked, metric: Metric): Read | null {
  const at = question?.metrics.indexOf(metric) ?? -1;
  const line = answer?.results[0];
  if (at < 0 || !line) return null;
  const { comparison } = line;
  return { value: line.metrics[at], before: comparison?.metrics[at] ?? null, change: comparison?.change[at] ?? null };
}

interface TileProps {
  metric: Metric;
  asked: Asked;
  store: Store;
  compared: boolean;
}

function Tile({ metric, asked, store, compared }: TileProps) {
  const { words, figure } = useSpeech();
  const name = words.metrics[metric];
  const told = read(asked, metric);
  return (
    <li class="tile" data-metric={metric} aria-busy={asked.busy}>
      <span class="called">
        <Term meaning={words.says[metric]}>{name}</Term>
      </span>
      <button
        type="button"
        class="draw"
        aria-pressed={charted(store.view.value) === metric}
        aria-label={`${name}: ${told ? figure(metric, told.value) : ""}. ${words.draw(name)}`}
        title={told ? figure(metric, told.value) : undefined}
        onClick={() => store.change({ chart: metric }, true)}
      >
        {told || asked.refused ? figure(metric, told?.value, true) : " "}
      </button>
      <span class="moved">{compared && told?.before ? <Moved metric={metric} told={told} /> : null}</span>
      {asked.answer?.meta.metric_warnings?.[metric] && (
        <span class="daily">
          <Term meaning={words.dailySays}>{words.daily}</Term>
        </span>
      )}
    </li>
  );
}

function Moved({ metric, told: { before, change } }: { metric: Metric; told: Read }) {
  const speech = useSpeech();
  const { words, figure } = speech;
  const was = figure(metric, before, true);
  if (!change) return <span class="was" title={words.same}>= {was}</span>;
  return (
    <>
      <span aria-hidden="true">
        <b>{change > 0 ? "↑" : "↓"} {speech.change(change)}</b> <span class="was">· {was}</span>
      </span>
      <span class="unseen">{words.than(speech.signed(change), figure(metric, before))}</span>
    </>
  );
}
