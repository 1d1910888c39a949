// A card: tables of one kind behind tabs, the first rows of the chosen one, and the ways to all of them.

import { useEffect, useRef, useState } from "preact/hooks";
import { useAsked, useSeen } from "../asked.ts";
import type { Door } from "../door.ts";
import { dimensionsOf, ROWS, table } from "../questions.ts";
import { Csv } from "../shared/Csv.tsx";
import type { Store } from "../store.ts";
import { type CARDS, choosing, chosen, PROPERTIES, type Tab } from "../tabs.ts";
import { useSpeech } from "../words/speech.ts";
import type { TabName } from "../words/catalogue.ts";
import { Rows } from "./Rows.tsx";

interface Props {
  card: typeof CARDS[number];
  store: Store;
  door: Door;
  /** All visitors of the period, null if that is not known. */
  visitors: number | null;
}

export function Card({ card, store, door, visitors }: Props) {
  const { words } = useSpeech();
  const root = useRef<HTMLElement>(null);
  const seen = useSeen(root);
  const { tabs, property } = store.view.value;
  const tab = chosen(card.tabs, tabs);
  const unnamed = tab.id === PROPERTIES && !property;
  const hasNone = useNoGoals(door, seen && tab.id === "goal");
  const question = table(door.site, store.view.value, store.span.value, tab, metricsOf(tab));
  const asked = useAsked(door, seen && !unnamed && !hasNone ? question : null, store.fresh.value);
  const dimensions = dimensionsOf(tab, store.view.value);
  const same = String(asked.question?.dimensions) === String(dimensions);
  const rows = same && !hasNone ? asked.answer?.results ?? [] : [];
  const total = same ? asked.answer?.meta.total_rows ?? 0 : 0;
  const rates = hasRates(tab); // which are the shares already
  const title = words.tabs[tab.id as TabName];
  const hint = unnamed ? words.noProperty : hasNone ? words.noGoals : asked.refused ? words.refused(asked.refused) : "";
  return (
    <section class="panel card" ref={root} data-card={card.id} aria-label={words.cards[card.id]}>
      <Tabs card={card} tab={tab} store={store} />
      {tab.id === PROPERTIES && <Property key={property} store={store} />}
      <div
        class="rows"
        id={`rows-${card.id}`}
        role="tabpanel"
        aria-labelledby={`tab-${tab.id}`}
        aria-busy={asked.busy}
      >
        {rows.length > 0 && (
          <table>
            <thead>
              <tr>
                <th scope="col">{words.names[tab.id as NameOf] ?? property}</th>
                {!rates && (
                  <th scope="col" class="n part">
                    <span class="unseen">{words.metrics.percentage}</span>
                  </th>
                )}
                {metricsOf(tab).map((metric) => <th key={metric} scope="col" class="n">{words.metrics[metric]}</th>)}
              </tr>
            </thead>
            <Rows
              store={store}
              dimensions={dimensions}
              metrics={asked.question!.metrics}
              rows={rows}
              most={rows[0].metrics[0] ?? 0}
              visitors={rates ? null : visitors ?? 0}
            />
          </table>
        )}
        {!rows.length && (hint || same && !asked.busy) && <p class="more">{hint || words.nothing}</p>}
      </div>
      <footer>
        {total > ROWS && (
          <button type="button" class="quiet" onClick={() => store.change({ all: tab.id })}>
            {words.all} <span class="count">{total}</span>
          </button>
        )}
        {rows.length > 0 && (
          <Csv
            name={words.csvOf(title)}
            file={`${door.site}-${tab.id}-${store.span.value.range.join("-")}`}
            load={() => door.csv(table(door.site, store.view.value, store.span.value, tab, tab.metrics))}
          />
        )}
      </footer>
    </section>
  );
}

type NameOf = Exclude<TabName, "properties">;

const hasRates = (tab: Tab) => tab.metrics.includes("conversion_rate");

/** What stands beside a row in the card. */
const metricsOf = (tab: Tab) => hasRates(tab) ? tab.metrics : [tab.short];

/** Whether the site has no goal at all: then there is nothing to ask, and a word to say. */
function useNoGoals(door: Door, wanted: boolean): boolean {
  const [none, tell] = useState(false);
  useEffect(() => {
    if (!wanted) return tell(false);
    const stop = new AbortController();
    door.list("goals", stop.signal).then((goals) => tell(!goals.length), () => {/* the bar of trouble says so */});
    return () => stop.abort();
  }, [door, wanted]);
  return none;
}

/** Tabs as the keyboard knows them: one of them takes the focus, arrows lead to the others. */
function Tabs({ card, tab, store }: { card: Props["card"]; tab: Tab; store: Store }) {
  const { words } = useSpeech();
  const list = useRef<HTMLDivElement>(null);
  const choose = (id: string) => store.change({ tabs: choosing(card.tabs, id, store.view.value.tabs) }, true);
  const press = (e: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (!by) return;
    e.preventDefault();
    e.stopPropagation();
    const at = (card.tabs.indexOf(tab) + by + card.tabs.length) % card.tabs.length;
    choose(card.tabs[at].id);
    (list.current!.children[at] as HTMLElement).focus();
  };
  return (
    <div class="tabs" role="tablist" ref={list} aria-label={words.table(words.cards[card.id])} onKeyDown={press}>
      {card.tabs.map(({ id }) => (
        <button
          type="button"
          role="tab"
          key={id}
          id={`tab-${id}`}
          aria-selected={id === tab.id}
          aria-controls={`rows-${card.id}`}
          tabIndex={id === tab.id ? 0 : -1}
          onClick={() => choose(id)}
        >
          {words.tabs[id as TabName]}
        </button>
      ))}
    </div>
  );
}

function Property({ store }: { store: Store }) {
  const { words } = useSpeech();
  const [name, setName] = useState(store.view.value.property);
  const submit = (e: Event) => {
    e.preventDefault();
    store.change({ property: name.trim() });
  };
  return (
    <form class="custom" onSubmit={submit}>
      <label>
        <span class="unseen">{words.property}</span>
        <input type="text" placeholder={words.property} value={name} onInput={(e) => setName(e.currentTarget.value)} />
      </label>
      <button type="submit" class="quiet">{words.choose}</button>
    </form>
  );
}
