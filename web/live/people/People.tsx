// How many people are here now, or were at the moment that the page shows.

import "./people.css";
import type { ReadonlySignal } from "@preact/signals";
import { useCalm } from "../shared/calm.ts";
import { Term } from "../shared/Term.tsx";
import { useTongue } from "../words/speech.ts";

const CALM = 15_000; // milliseconds between two announcements

export function People({ people, past }: { people: ReadonlySignal<number>; past: boolean }) {
  const { words, number, count } = useTongue();
  return (
    <div class="people">
      <p class="figure">{number(people.value)}</p>
      <p class="caption">
        <Term meaning={words.peopleMeaning}>{count(past ? words.peopleThen : words.peopleHere, people.value)}</Term>
      </p>
      {!past && <Announced people={people.value} />}
    </div>
  );
}

/** The number for those who listen to the page: not at every change, but soon after the last one. */
function Announced({ people }: { people: number }) {
  const { words, number } = useTongue();
  return <p class="unseen" role="status">{words.hereNow(number(useCalm(people, CALM)))}</p>;
}
