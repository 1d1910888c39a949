// The figures of the whole period, each with its change and its meaning; the chosen one is drawn in the chart.

import { useEffect } from "preact/hooks";
import { Term } from "../../shared/Term.tsx";
import { type Asked, useAsked } from "../asked.ts";
import type { Door } from "../door.ts";
import { headline, total } from "../questions.ts";
import type { Store } from "../store.ts";
import type { Metric } from "../terms.ts";
import { useSpeech } from "../words/speech.ts";

interface Props {
  store: Store;
  door: Door;
  /** Hears how many visitors there were in all. */
  told(visitors: number | null): void;
}

/** One question for each group: what is quickly counted does not wait for what is not. */
export function Headline({ store, door, told }: Props) {
  const { words } = useSpeech();
  return (
    <ul class="headline" aria-label={words.headline}>
      {headline(store.view.value).map((metrics) => (
        <Group key={metrics[0]} metrics={metrics} store={store} door={door} told={told} />
      ))}
    </ul>
  );
}

function Group({ metrics, store, door, told }: Props & { metrics: Metric[] }) {
  const asked = useAsked(door, total(door.site, store.view.value, store.span.value, metrics), store.fresh.value);
  const visitors = read(asked, "visitors")?.value ?? null;
  useEffect(() => {
    if (metrics.includes("visitors")) told(visitors);
  }, [visitors]);
  return <>{metrics.map((metric) => <Tile key={metric} metric={metric} asked={asked} store={store} />)}</>;
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

function Tile({ metric, asked, store }: { metric: Metric; asked: Asked; store: Store }) {
  const { words, figure, change } = useSpeech();
  const name = words.metrics[metric];
  const told = read(asked, metric);
  const daily = asked.answer?.meta.metric_warnings?.[metric];
  const compared = store.span.value.against && told && told.before !== null;
  return (
    <li
      class="tile"
      data-metric={metric}
      aria-busy={asked.busy}
      data-order={metric === "visitors" ? "first" : undefined}
    >
      <span class="called">
        <Term meaning={words.says[metric]}>{name}</Term>
      </span>
      <button
        type="button"
        class="draw"
        aria-pressed={store.view.value.chart === metric}
        aria-label={`${name}: ${told ? figure(metric, told.value) : ""}. ${words.draw(name)}`}
        title={told ? figure(metric, told.value) : undefined}
        onClick={() => store.change({ chart: metric }, true)}
      >
        {told ? figure(metric, told.value, true) : " "}
      </button>
      <span class="moved">
        {compared && (told.change
          ? (
            <>
              <b aria-hidden="true">{told.change > 0 ? "↑" : "↓"}</b> {change(told.change)}
              <span class="was">{figure(metric, told.before, true)}</span>
              <span class="unseen">{words.than(change(told.change), figure(metric, told.before))}</span>
            </>
          )
          : <span class="was">{words.now}</span>)}
      </span>
      {daily && (
        <span class="daily">
          <Term meaning={words.dailySays}>{words.daily}</Term>
        </span>
      )}
    </li>
  );
}
