// Filters with a name, kept for the site.

import { useEffect, useRef, useState } from "preact/hooks";
import { type Door, Refused, type Segment } from "../door.ts";
import { spoken, understood } from "../filters.ts";
import type { Store } from "../store.ts";
import { useSpeech } from "../words/speech.ts";
import { Menu } from "./Menu.tsx";

export function Segments({ store, door }: { store: Store; door: Door }) {
  const { words } = useSpeech();
  return <Menu name={words.segments}>{(close) => <List store={store} door={door} close={close} />}</Menu>;
}

function List({ store, door, close }: { store: Store; door: Door; close: () => void }) {
  const { words } = useSpeech();
  const [segments, set] = useState<Segment[] | null>(null);
  const { filters } = store.view.value;
  useEffect(() => {
    const stop = new AbortController();
    door.list("segments", stop.signal).then(set, () => {/* the bar of trouble says so */});
    return () => stop.abort();
  }, []);
  const pick = (segment: Segment) => {
    store.change({ filters: understood(segment.filters) });
    close();
  };
  const root = useRef<HTMLDivElement>(null);
  const remove = ({ id }: Segment) => {
    root.current!.focus(); // what has the focus goes, and the menu is to hear its keys
    return door.remove("segments", id).then(() => set((all) => all!.filter((one) => one.id !== id)), () => {});
  };
  return (
    <div class="segments" ref={root} tabIndex={-1}>
      {segments?.length
        ? (
          <ul class="choices">
            {segments.map((segment) => (
              <li key={segment.id}>
                <button type="button" onClick={() => pick(segment)}>{segment.name}</button>
                <button
                  type="button"
                  class="off"
                  aria-label={words.delete(segment.name)}
                  onClick={() => remove(segment)}
                >
                  ×
                </button>
              </li>
            ))}
          </ul>
        )
        : segments && <p class="more">{words.noSegments}</p>}
      {filters.length > 0 && (
        <Save
          save={async (name) => {
            const made = await door.add("segments", { name, filters: filters.map(spoken) });
            set((all) => [...all ?? [], made]);
          }}
        />
      )}
    </div>
  );
}

function Save({ save }: { save(name: string): Promise<void> }) {
  const { words } = useSpeech();
  const [name, setName] = useState("");
  const [refused, refuse] = useState("");
  const submit = (e: Event) => {
    e.preventDefault();
    save(name).then(() => {
      setName("");
      refuse("");
    }, (error) => refuse(error instanceof Refused ? error.message : ""));
  };
  return (
    <form class="custom" onSubmit={submit} title={words.saveHint}>
      <label>
        {words.segmentName}
        <input type="text" required maxLength={120} value={name} onInput={(e) => setName(e.currentTarget.value)} />
      </label>
      <button type="submit" class="strong">{words.save}</button>
      {refused && <p class="failed" role="alert">{refused}</p>}
    </form>
  );
}
