// A filter by hand: a dimension, a condition, a value, with the most frequent values to choose from.

import { useId, useState } from "preact/hooks";
import { useAsked } from "../asked.ts";
import { useCalm } from "../../shared/calm.ts";
import type { Door } from "../door.ts";
import { NAMES, type Operator, OPERATORS, spoken, toggled } from "../filters.ts";
import { isCoded, matching } from "../found.ts";
import type { Question } from "../questions.ts";
import type { Store } from "../store.ts";
import { useSpeech } from "../words/speech.ts";
import { Menu } from "./Menu.tsx";

const CALM = 250; // milliseconds between two questions while somebody types
const OFFERED = 20; // values

export function AddFilter({ store, door }: { store: Store; door: Door }) {
  const { words } = useSpeech();
  return (
    <Menu name={words.filter} id="filter">
      {(close) => <Form store={store} door={door} close={close} />}
    </Menu>
  );
}

function Form({ store, door, close }: { store: Store; door: Door; close: () => void }) {
  const speech = useSpeech();
  const { words } = speech;
  const [dimension, setDimension] = useState("event:page");
  const [wanted, setOperator] = useState<Operator>("contains");
  const [value, setValue] = useState("");
  const [list, typed] = [useId(), useCalm(value, CALM)];
  const operators = isCoded(dimension) ? OPERATORS.slice(0, 2) : OPERATORS; // a code contains nothing that people read
  const operator = operators.includes(wanted) ? wanted : operators[0];
  const { range } = store.span.value;
  const found = matching(dimension, typed, speech);
  const question: Question = {
    site_id: door.site,
    metrics: ["visitors"],
    date_range: range,
    dimensions: [dimension],
    filters: found.map(spoken),
    pagination: { limit: OFFERED, offset: 0 },
  };
  const { answer } = useAsked(door, question, dimension);
  const offered = (answer?.results ?? []).map((line) => line.dimensions[0]);
  const submit = (e: Event) => {
    e.preventDefault();
    const read = offered.find((one) => speech.value(dimension, one) === value) ?? value; // a name stands for its code
    store.change({ filters: toggled(store.view.value.filters, operator, dimension, read) });
    close();
  };
  return (
    <form class="adding" onSubmit={submit} aria-label={words.filter}>
      <label>
        {words.filterBy}
        <select value={dimension} onChange={(e) => setDimension(e.currentTarget.value)}>
          {Object.values(NAMES).map((name) => <option key={name} value={name}>{speech.dimension(name)}</option>)}
        </select>
      </label>
      <label>
        {words.condition}
        <select value={operator} onChange={(e) => setOperator(e.currentTarget.value as Operator)}>
          {operators.map((name) => <option key={name} value={name}>{words.operators[name]}</option>)}
        </select>
      </label>
      <label>
        {words.value}
        <input
          type="text"
          required
          data-first
          list={list}
          value={value}
          autocomplete="off"
          onInput={(e) => setValue(e.currentTarget.value)}
        />
        <datalist id={list}>
          {offered.map((one) => <option key={one} value={speech.value(dimension, one)} />)}
        </datalist>
      </label>
      <button type="submit" class="strong">{words.add}</button>
    </form>
  );
}
