// All rows of a table with all their figures: searched, ordered, page by page. The address says that it is open.

import { useEffect, useRef, useState } from "preact/hooks";
import { useCalm } from "../../shared/calm.ts";
import { Turn } from "../../shared/Turn.tsx";
import { useAsked } from "../asked.ts";
import type { Door } from "../door.ts";
import { isCoded, matching } from "../found.ts";
import { dimensionsOf, type Slice, table } from "../questions.ts";
import { Csv } from "../shared/Csv.tsx";
import type { Store } from "../store.ts";
import { answerable, type Tab } from "../tabs.ts";
import type { Metric } from "../terms.ts";
import type { TabName } from "../words/catalogue.ts";
import { useSpeech } from "../words/speech.ts";
import { Rows } from "./Rows.tsx";

const SIZE = 50; // rows
const CALM = 250; // milliseconds between two questions while somebody types

export function Whole({ tab, store, door }: { tab: Tab; store: Store; door: Door }) {
  const speech = useSpeech();
  const { words, tongue } = speech;
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, type] = useState("");
  const [offset, turn] = useState(0);
  const [order, sort] = useState<Slice["order"]>(null);
  const dimensions = dimensionsOf(tab, store.view.value);
  const also = matching(dimensions[0], useCalm(typed, CALM), speech);
  const metrics = answerable(tab.metrics, [...store.view.value.filters, ...also]);
  const ask = (limit: number, offset: number) =>
    table(door.site, store.view.value, store.span.value, tab, metrics, { limit, offset, order, also });
  const asked = useAsked(door, ask(SIZE, offset), store.fresh.value);
  useEffect(() => {
    const [opened, over] = [dialog.current!, new AbortController()];
    opened.addEventListener("close", () => store.change({ all: null }), over);
    opened.showModal();
    return () => {
      over.abort();
      opened.close(); // while it is there: the focus goes back to where it was
    };
  }, []);
  const rows = asked.answer?.results ?? [];
  const total = asked.answer?.meta.total_rows ?? 0;
  const title = words.tabs[tab.id as TabName];
  const close = () => dialog.current!.close();
  return (
    <dialog
      class="whole"
      ref={dialog}
      aria-label={title}
      onClick={(e) => e.target === dialog.current && close()}
    >
      <div class="sheet">
        <div class="head">
          <h2>{title}</h2>
          {!(isCoded(dimensions[0]) && dimensions[0] !== "visit:country") && (
            <input
              type="search"
              placeholder={words.search}
              aria-label={words.search}
              value={typed}
              onInput={(e) => {
                type(e.currentTarget.value);
                turn(0);
              }}
            />
          )}
          <Csv
            name={words.csvOf(title)}
            file={`${door.site}-${tab.id}-${store.span.value.range.join("-")}`}
            load={() => door.csv(ask(SIZE, 0))}
          />
          <button type="button" class="quiet" onClick={close}>{tongue.words.close}</button>
        </div>
        <div class="rows" aria-busy={asked.busy} tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col">
                  {words.names[tab.id as Exclude<TabName, "properties">] ?? store.view.value.property}
                </th>
                {metrics.map((metric) => (
                  <Column
                    key={metric}
                    metric={metric}
                    order={order}
                    first={metrics[0]}
                    sort={(to) => {
                      sort(to);
                      turn(0);
                    }}
                  />
                ))}
              </tr>
            </thead>
            <Rows
              store={store}
              dimensions={dimensions}
              metrics={asked.question?.metrics ?? metrics}
              rows={rows}
              most={Math.max(0, ...rows.map((row) => row.metrics[0] ?? 0))}
              visitors={null}
            />
          </table>
          {!rows.length && !asked.busy && (
            <p class="more">{asked.refused ? words.refused(asked.refused) : words.nothing}</p>
          )}
        </div>
        <footer>
          <p role="status">{!asked.busy && tongue.count(words.rows, total)}</p>
          {total > SIZE && <Turn offset={offset} size={SIZE} total={total} go={turn} />}
        </footer>
      </div>
    </dialog>
  );
}

interface ColumnProps {
  metric: Metric;
  order: Slice["order"];
  /** By which it is ordered if nothing else was wanted. */
  first: Metric;
  sort(order: Slice["order"]): void;
}

function Column({ metric, order, first, sort }: ColumnProps) {
  const { words } = useSpeech();
  const [by, way] = order ?? [first, "desc"];
  const down = by === metric && way === "desc";
  const called = words.metrics[metric];
  return (
    <th scope="col" class="n" aria-sort={by === metric ? (down ? "descending" : "ascending") : undefined}>
      <button
        type="button"
        class="link"
        title={words.sortBy(called)}
        onClick={() => sort([metric, down ? "asc" : "desc"])}
      >
        {called}
        {by === metric && <i aria-hidden="true">{down ? " ↓" : " ↑"}</i>}
      </button>
    </th>
  );
}
