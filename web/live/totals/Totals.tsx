// What was counted since counting began.

import "./totals.css";
import type { ComponentChildren } from "preact";
import { day, number } from "../shared/format.ts";
import { Term } from "../shared/Term.tsx";
import type { State } from "../stream/state.ts";

const VIEWS = "Page views. The same person opening the same page again within 30 minutes is not counted again.";
const VISITORS = "Different people since counting began. Where nothing is stored on their devices, " +
  "someone who comes back another day is counted once per day.";
const PAGES = "Different addresses that were viewed at least once.";

export function Totals({ state }: { state: State }) {
  return (
    <dl class="totals">
      <Total name={<Term meaning={VIEWS}>Views</Term>}>{number(state.views)}</Total>
      <Total name={<Term meaning={VISITORS}>Visitors</Term>}>{number(state.visitors)}</Total>
      <Total name={<Term meaning={PAGES}>Pages viewed</Term>}>{number(state.paths)}</Total>
      {state.posts > 0 && <Total name="Posts published">{number(state.posts)}</Total>}
      {state.published_pages > 0 && <Total name="Pages published">{number(state.published_pages)}</Total>}
      {state.since !== null && <Total name="Counting since">{day(state.since)}</Total>}
    </dl>
  );
}

function Total({ name, children }: { name: ComponentChildren; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
