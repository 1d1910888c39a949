// What happened and when, as marks on the chart and as a list below it; the owner adds and removes them.

import { useEffect, useState } from "preact/hooks";
import { Menu } from "../bar/Menu.tsx";
import { type Door, type Note, Refused } from "../door.ts";
import { useSpeech } from "../words/speech.ts";
import type { Placed } from "./series.ts";

export interface Notes {
  all: readonly Note[];
  /** Returns why it was refused, "" if it was not. */
  add(at: string, text: string): Promise<string>;
  remove(note: Note): void;
}

/** The notes of the site, asked for again with every one of `tries`. What goes wrong the bar of trouble says. */
export function useNotes(door: Door, tries: number): Notes {
  const [all, set] = useState<readonly Note[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    door.list("annotations", stop.signal).then(set, () => {});
    return () => stop.abort();
  }, [door, tries]);
  return {
    all,
    add: (at, text) =>
      door.add("annotations", { at, text }).then((made) => {
        set((all) => [...all, made]);
        return "";
      }, (error) => error instanceof Refused ? error.message : ""),
    remove: ({ id }) => {
      door.remove("annotations", id).then(() => set((all) => all.filter((one) => one.id !== id)), () => {});
    },
  };
}

const ROOM = 420; // pixels between two marks that leave room for their texts

/** `left`: how far from the left edge each step is. The list says the same: this is for the eye alone. */
export function Marks({ marks, left }: { marks: Placed<Note>[]; left: number[] }) {
  const shown = marks.filter(({ at }) => left[at] !== undefined);
  return (
    <ul class="marks" aria-hidden="true">
      {shown.map(({ at, notes }, i) => {
        const edge = at > left.length / 2 ? "right" : "left"; // of the chart; the text goes the other way
        const next = shown[edge === "right" ? i - 1 : i + 1];
        const alone = !next || Math.abs(left[next.at] - left[at]) > ROOM;
        return (
          <li key={at} style={{ left: `${left[at]}px` }} data-edge={edge}>
            <i></i>
            {alone && <span>{notes.map(({ text }) => text).join(" · ")}</span>}
          </li>
        );
      })}
    </ul>
  );
}

export function NoteList({ marks, remove }: { marks: Placed<Note>[]; remove(note: Note): void }) {
  const { words, day } = useSpeech();
  if (!marks.length) return null;
  const taken = (note: Note) => {
    document.getElementById("add-note")!.focus(); // what had the focus goes
    remove(note);
  };
  return (
    <ul class="notes" aria-label={words.notes}>
      {marks.flatMap(({ notes }) => notes).map((note) => (
        <li key={note.id}>
          <time dateTime={note.at}>{day(note.at)}</time> {note.text}
          <button type="button" class="off" aria-label={words.remove(note.text)} onClick={() => taken(note)}>×</button>
        </li>
      ))}
    </ul>
  );
}

export function AddNote({ today, add }: { today: string; add: Notes["add"] }) {
  const { words } = useSpeech();
  return <Menu name={words.addNote} id="add-note">{(close) => <Form today={today} add={add} close={close} />}</Menu>;
}

function Form({ today, add, close }: { today: string; add: Notes["add"]; close: () => void }) {
  const { words } = useSpeech();
  const [at, setAt] = useState(today);
  const [text, setText] = useState("");
  const [refused, refuse] = useState("");
  const submit = async (e: Event) => {
    e.preventDefault();
    const why = await add(at, text);
    refuse(why);
    if (!why) close();
  };
  return (
    <form class="adding" onSubmit={submit} aria-label={words.addNote}>
      <label>
        {words.noteText}
        <input
          type="text"
          required
          data-first
          maxLength={200}
          value={text}
          onInput={(e) => setText(e.currentTarget.value)}
        />
      </label>
      <label>
        {words.noteDay}
        <input type="date" required value={at} onInput={(e) => setAt(e.currentTarget.value)} />
      </label>
      <button type="submit" class="strong">{words.add}</button>
      {refused && <p class="failed" role="alert">{refused}</p>}
    </form>
  );
}
