// One metric step by step, beside the same of the range before: drawn, in words, and as a table for those who listen.

import { useMemo, useState } from "preact/hooks";
import { useAsked } from "../asked.ts";
import type { Door } from "../door.ts";
import type { Range, Step } from "../dates.ts";
import { Csv } from "../shared/Csv.tsx";
import { Interval } from "../bar/Period.tsx";
import { charted, series as question } from "../questions.ts";
import type { Store } from "../store.ts";
import { useSpeech } from "../words/speech.ts";
import { Drawn } from "./Drawn.tsx";
import { AddNote, Marks, NoteList, useNotes } from "./Notes.tsx";
import { COUNTS, dragged, placed, series } from "./series.ts";

interface Props {
  store: Store;
  door: Door;
  /** Changes when the colours do. */
  look: string;
}

export function Chart({ store, door, look }: Props) {
  const { words } = useSpeech();
  const [view, span] = [store.view.value, store.span.value];
  const metric = charted(view);
  const ask = (range: Range | null) => range && question(door.site, view, range, span.step);
  const now = useAsked(door, ask(span.range), store.fresh.value);
  const before = useAsked(door, ask(span.against), store.tries.value);
  const notes = useNotes(door, store.tries.value);
  const shown = now.question && now.question.metrics[0]; // the one that is drawn, until the next is there
  const told = useMemo(() => {
    if (!now.answer) return null;
    const { range } = span;
    const same = span.against && before.question?.metrics[0] === shown;
    const isOpen = span.open && now.question!.date_range[1] === range[1];
    return series(now.answer, same ? before.answer : null, store.now.value, isOpen, COUNTS.includes(shown!) ? 0 : null);
  }, [now.answer, before.answer, span, store.now.value]);
  const marks = useMemo(() => told ? placed(notes.all, told.labels, span.range[1]) : [], [notes.all, told, span]);
  const [left, lay] = useState<number[]>([]);
  const step = (now.question?.dimensions?.[0].slice("time:".length) ?? span.step) as Step;
  const name = words.metrics[metric];
  return (
    <section class="trend" aria-label={words.chart(name)} aria-busy={now.busy}>
      <div class="head">
        <h2>{words.trend(name)}</h2>
        <div class="tools">
          <Interval store={store} />
          <AddNote today={store.today.value} add={notes.add} />
          <Csv
            name={words.csvOf(name)}
            file={`${door.site}-${metric}-by-${span.step}-${span.range.join("-")}`}
            load={() => door.csv(ask(span.range)!)}
          />
        </div>
      </div>
      <Drawn
        series={told}
        metric={shown ?? metric}
        step={step}
        look={look}
        name={words.chart(name)}
        laid={lay}
        dragged={(first, last) => store.change({ period: dragged(told!.labels, first, last, span.range[1]), by: null })}
      >
        <Marks marks={marks} left={left} />
      </Drawn>
      {now.refused && <p class="failed" role="alert">{words.refused(now.refused)}</p>}
      <NoteList marks={marks} remove={notes.remove} />
    </section>
  );
}
