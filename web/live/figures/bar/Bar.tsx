// What is looked at: the period, the comparison, the filters. It stays at the top while the page is scrolled.

import type { Door } from "../door.ts";
import { flipped, isCondition, removed } from "../filters.ts";
import type { Store } from "../store.ts";
import { useSpeech } from "../words/speech.ts";
import { AddFilter } from "./AddFilter.tsx";
import { Comparison, Period } from "./Period.tsx";
import { Segments } from "./Segments.tsx";

export function Bar({ store, door }: { store: Store; door: Door }) {
  return (
    <div class="bar">
      <div class="row">
        <Period store={store} />
        <Comparison store={store} />
        <div class="filtering">
          <AddFilter store={store} door={door} />
          <Segments store={store} door={door} />
        </div>
      </div>
      <Chips store={store} />
    </div>
  );
}

function Chips({ store }: { store: Store }) {
  const speech = useSpeech();
  const { words } = speech;
  const { filters } = store.view.value;
  if (!filters.length) return null;
  const take = (left: typeof filters) => {
    document.getElementById("filter")!.focus(); // what had the focus goes
    store.change({ filters: left });
  };
  return (
    <ul class="chips" aria-label={words.filters}>
      {filters.map((filter, at) => {
        const text = speech.filter(filter);
        return (
          <li key={text}>
            {isCondition(filter)
              ? (
                <button
                  type="button"
                  class="turn"
                  title={words.turn(text)}
                  aria-label={words.turn(text)}
                  onClick={() => store.change({ filters: flipped(filters, at) })}
                >
                  {speech.dimension(filter.dimension)} <i>{words.operators[filter.operator]}</i>{" "}
                  <b>{filter.values.map((v) => speech.value(filter.dimension, v)).join(` ${words.or} `)}</b>
                </button>
              )
              : <span class="turn" title={JSON.stringify(filter.raw)}>{text}</span>}
            <button
              type="button"
              class="off"
              aria-label={words.remove(text)}
              onClick={() => take(removed(filters, at))}
            >
              ×
            </button>
          </li>
        );
      })}
      {filters.length > 1 && (
        <li class="plain">
          <button type="button" class="link" onClick={() => take([])}>{words.clear}</button>
        </li>
      )}
    </ul>
  );
}
