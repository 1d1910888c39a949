// The way between the rooms.

import "./rooms.css";
import type { ReadonlySignal } from "@preact/signals";
import { useTongue } from "../words/speech.ts";
import type { Room, RoomName } from "./room.ts";

interface Way {
  room: Room;
  people: ReadonlySignal<number>;
  /** When counting began. */
  since: number | null;
}

export function Rooms({ room, people, since }: Way) {
  const { words, number } = useTongue();
  return (
    <nav class="switch rooms" aria-label={words.room}>
      {(["now", "figures"] as RoomName[]).map((name) => (
        <button
          type="button"
          key={name}
          aria-pressed={room.at.value === name}
          onClick={() => room.go(name, since)}
        >
          {words.rooms[name]}
          {name === "now" && room.at.value !== name && <b>{number(people.value)}</b>}
        </button>
      ))}
    </nav>
  );
}
