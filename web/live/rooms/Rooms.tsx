// The way between the rooms, and the room of figures, which is loaded when it is entered.

import "./rooms.css";
import type { ReadonlySignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Props } from "../figures/Figures.tsx";
import { useTongue } from "../words/speech.ts";
import type { Room, RoomName } from "./room.ts";

declare const FIGURES_CSS: string; // the name of the built style, which lies beside this script

interface Way {
  room: Room;
  people: ReadonlySignal<number>;
  since: number | null;
}

export function Rooms({ room, people, since }: Way) {
  const { words, number } = useTongue();
  const button = (name: RoomName, count?: string) => (
    <button
      type="button"
      aria-pressed={room.at.value === name}
      onClick={() => room.go(name, since)}
    >
      {words.rooms[name]}
      {count && <b>{count}</b>}
    </button>
  );
  return (
    <nav class="switch rooms" aria-label={words.room}>
      {button("now", room.at.value === "figures" ? number(people.value) : "")}
      {button("figures")}
    </nav>
  );
}

/** The style first: nothing is shown without it. */
async function load(): Promise<ComponentType<Props>> {
  const href = new URL(FIGURES_CSS, import.meta.url).href;
  if (!document.querySelector(`link[href="${href}"]`)) {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
    document.head.append(link);
    await new Promise((done, fail) => Object.assign(link, { onload: done, onerror: () => fail(link.remove()) }));
  }
  return (await import("../figures/Figures.tsx")).Figures;
}

export function Later(props: Props) {
  const { words } = useTongue();
  const [Figures, found] = useState<ComponentType<Props> | null>(null);
  const [failed, fail] = useState(false);
  const again = () => {
    fail(false);
    load().then((loaded) => found(() => loaded), () => fail(true));
  };
  useEffect(again, []);
  if (Figures) return <Figures {...props} />;
  return (
    <div class="panel later" aria-busy={!failed}>
      {failed
        ? (
          <p class="failed" role="alert">
            {words.failed} <button type="button" class="quiet" onClick={again}>{words.again}</button>
          </p>
        )
        : <p class="more">{words.loading}</p>}
    </div>
  );
}
