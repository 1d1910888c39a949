// Whose numbers these are, and whether they are live.

import type { ComponentChildren } from "preact";
import { useTongue } from "../words/speech.ts";

export type Shown = "connecting" | "live" | "stale" | "gone" | "past";

interface Props {
  name: string;
  status: Shown;
  /** The way to what else there is. */
  rooms: ComponentChildren;
  children: ComponentChildren;
}

export function Header({ name, status, rooms, children }: Props) {
  const { words } = useTongue();
  return (
    <header class="top">
      <div class="who">
        <h1>{name}</h1>
        <p class="status" data-status={status} role="status">
          <i aria-hidden="true"></i>
          {words.status[status]}
        </p>
      </div>
      {rooms}
      <div class="tools">{children}</div>
    </header>
  );
}

/** Says what the numbers are worth while they do not move. `heard`: when they were last known to be true. */
export function Trouble({ status, heard, retry }: { status: Shown; heard: number; retry: () => void }) {
  const { words, time } = useTongue();
  if (status !== "stale" && status !== "gone") return null;
  return (
    <div class="trouble" role="alert">
      <p>{words[status](time(heard))}</p>
      <button type="button" class="quiet" onClick={retry}>{words.tryNow}</button>
    </div>
  );
}
