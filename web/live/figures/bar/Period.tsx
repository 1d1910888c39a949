// Which period, in which steps, compared with what.

import { useState } from "preact/hooks";
import { type Compare, type Named, PERIODS, shifted, type Step, steps } from "../dates.ts";
import { shift } from "../keys.ts";
import type { Store } from "../store.ts";
import { useSpeech } from "../words/speech.ts";
import { Menu } from "./Menu.tsx";

const COMPARE: Compare[] = ["previous", "year", "none"];

export function Period({ store }: { store: Store }) {
  const { words, range } = useSpeech();
  const { period } = store.view.value;
  const span = store.span.value;
  const dates = range(span.range);
  const name = typeof period === "string" ? words.periods[period] : words.custom;
  const arrow = (by: 1 | -1, label: string, sign: string) => (
    <button
      type="button"
      class="quiet arrow"
      aria-label={label}
      disabled={!shifted(span.range, by, store.today.value)}
      onClick={() => shift(store, by)}
    >
      {sign}
    </button>
  );
  return (
    <div class="period">
      {arrow(-1, words.earlier, "‹")}
      <Menu
        name={
          <>
            <b>{name}</b> <span class="dates">{dates}</span>
          </>
        }
        label={`${words.period}: ${name}, ${dates}`}
      >
        {(close) => <Choices store={store} close={close} />}
      </Menu>
      {arrow(1, words.later, "›")}
    </div>
  );
}

function Choices({ store, close }: { store: Store; close: () => void }) {
  const { words } = useSpeech();
  const { period } = store.view.value;
  const choose = (to: Named) => {
    store.change({ period: to, by: null });
    close();
  };
  return (
    <>
      <ul class="choices">
        {PERIODS.map((name) => (
          <li key={name}>
            <button
              type="button"
              aria-pressed={name === period}
              data-first={name === period || undefined}
              onClick={() => choose(name)}
            >
              {words.periods[name]}
            </button>
          </li>
        ))}
      </ul>
      <Custom store={store} close={close} />
    </>
  );
}

function Custom({ store, close }: { store: Store; close: () => void }) {
  const { words } = useSpeech();
  const today = store.today.value;
  const [[from, to], set] = useState<readonly [string, string]>(store.span.value.range);
  const submit = (e: Event) => {
    e.preventDefault();
    store.change({ period: [from, to], by: null });
    close();
  };
  return (
    <form class="custom" onSubmit={submit} aria-label={words.custom}>
      <label>
        {words.from}
        <input type="date" required max={to} value={from} onInput={(e) => set([e.currentTarget.value, to])} />
      </label>
      <label>
        {words.to}
        <input
          type="date"
          required
          min={from}
          max={today}
          value={to}
          onInput={(e) => set([from, e.currentTarget.value])}
        />
      </label>
      <button type="submit" class="strong">{words.apply}</button>
    </form>
  );
}

export function Comparison({ store }: { store: Store }) {
  const { words } = useSpeech();
  return (
    <label>
      <span class="unseen">{words.comparison}</span>
      <select
        class="quiet"
        value={store.view.value.compare}
        onChange={(e) => store.change({ compare: e.currentTarget.value as Compare })}
      >
        {COMPARE.map((name) => <option key={name} value={name}>{words.compare[name]}</option>)}
      </select>
    </label>
  );
}

export function Interval({ store }: { store: Store }) {
  const { words } = useSpeech();
  const { range, step } = store.span.value;
  return (
    <label>
      <span class="unseen">{words.step}</span>
      <select class="quiet" value={step} onChange={(e) => store.change({ by: e.currentTarget.value as Step }, true)}>
        {steps(range).map((name) => <option key={name} value={name}>{words.steps[name]}</option>)}
      </select>
    </label>
  );
}
