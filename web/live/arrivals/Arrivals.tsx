// Who came last: a quiet list, newest first.

import "./arrivals.css";
import type { ReadonlySignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useNow } from "../shared/calm.ts";
import { useGlide } from "../shared/motion.ts";
import { Name } from "../shared/Name.tsx";
import { Term } from "../shared/Term.tsx";
import type { ArrivalLine } from "../wire.ts";
import { useTongue } from "../words/speech.ts";
import { keyed } from "./keyed.ts";

const STEP = 5_000; // milliseconds between two looks at the clock

interface Props {
  arrivals: ReadonlySignal<readonly ArrivalLine[]>;
  /** The server's clock less this browser's. */
  ahead: ReadonlySignal<number>;
  rows: number;
}

export function Arrivals({ arrivals, ahead, rows }: Props) {
  const tongue = useTongue();
  const { words } = tongue;
  const list = useRef<HTMLOListElement>(null);
  const now = useNow(STEP) + ahead.value;
  useGlide(list);
  const shown = keyed(arrivals.value).slice(0, rows);
  return (
    <section class="panel arrivals" aria-labelledby="arrivals">
      <h2 id="arrivals">
        <Term meaning={words.arrivalsMeaning}>{words.arrivals}</Term>
      </h2>
      <ol ref={list}>
        {shown.map(({ key, arrival }) => (
          <li key={key} data-key={key} title={arrival.path}>
            {arrival.path ? <Name page={arrival} as="name" /> : <span class="name unnamed">{words.unnamed}</span>}
            <span class="from">{place(arrival, tongue.country)}</span>
            <time dateTime={new Date(arrival.at).toISOString()}>{tongue.ago(now - arrival.at)}</time>
          </li>
        ))}
      </ol>
      {!shown.length && <p class="more">{words.nobodyArrived}</p>}
    </section>
  );
}

function place({ city, country }: ArrivalLine, name: (code: string) => string): string {
  return [city, country && name(country)].filter(Boolean).join(", ");
}
