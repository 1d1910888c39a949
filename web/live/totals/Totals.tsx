// What was counted since counting began.

import "./totals.css";
import type { ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Term } from "../shared/Term.tsx";
import type { Snapshot } from "../wire.ts";
import { useTongue } from "../words/speech.ts";

type Counted = Pick<Snapshot, "views" | "visitors" | "paths" | "posts" | "published_pages" | "since">;

export function Totals({ counted: { value: counted } }: { counted: ReadonlySignal<Counted> }) {
  const { words, number, day } = useTongue();
  return (
    <dl class="totals" aria-label={words.totals}>
      <Total name={<Term meaning={words.viewsMeaning}>{words.views}</Term>}>{number(counted.views)}</Total>
      <Total name={<Term meaning={words.visitorsMeaning}>{words.visitors}</Term>}>{number(counted.visitors)}</Total>
      <Total name={<Term meaning={words.pathsMeaning}>{words.paths}</Term>}>{number(counted.paths)}</Total>
      {counted.posts > 0 && <Total name={words.posts}>{number(counted.posts)}</Total>}
      {counted.published_pages > 0 && <Total name={words.publishedPages}>{number(counted.published_pages)}</Total>}
      {counted.since !== null && <Total name={words.since}>{day(counted.since)}</Total>}
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
