// How many people are here now.

import "./people.css";
import { useEffect, useState } from "preact/hooks";
import { count, number } from "../shared/format.ts";
import { Term } from "../shared/Term.tsx";
import type { Store } from "../stream/store.ts";

const MEANING = "People who gave a sign of life in the last two minutes, each counted once in however many tabs. " +
  "Someone who closes the page is shown for ten seconds more.";

export function People({ store }: { store: Store }) {
  return (
    <div class="people">
      <p class="figure">{number(store.people.value)}</p>
      <p class="caption">
        <Term meaning={MEANING}>{store.people.value === 1 ? "person" : "people"} here now</Term>
      </p>
      <Announced store={store} />
    </div>
  );
}

const CALM = 15_000; // milliseconds between two announcements

/** The number for those who listen to the page: not at every change, but soon after the last one. */
function Announced({ store }: { store: Store }) {
  const people = store.people.value;
  const [said, say] = useState({ people, at: 0 });
  useEffect(() => {
    if (people === said.people) return;
    const timer = setTimeout(() => say({ people, at: Date.now() }), Math.max(0, said.at + CALM - Date.now()));
    return () => clearTimeout(timer);
  }, [people, said]);
  return <p class="unseen" role="status">{count(said.people, "person", "people")} here now</p>;
}
