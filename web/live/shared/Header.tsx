// Whose numbers these are, and whether they are live.

import { time } from "./format.ts";
import type { Store } from "../stream/store.ts";
import type { Status } from "../stream/stream.ts";

const WORDS: Record<Status, string> = {
  connecting: "Connecting",
  live: "Live",
  stale: "Not live",
  gone: "Not available",
};

export function Header({ store, site }: { store: Store; site: string }) {
  const status = store.status.value;
  return (
    <header class="top">
      <h1>{site}</h1>
      <p class="status" data-status={status} role="status">
        <i aria-hidden="true"></i>
        {WORDS[status]}
      </p>
    </header>
  );
}

/** Says what the numbers are worth while they do not move. */
export function Trouble({ store }: { store: Store }) {
  const status = store.status.value;
  if (status !== "stale" && status !== "gone") return null;
  const message = status === "stale"
    ? `The server cannot be reached. These numbers are from ${time(store.heard.value)}; the page goes on trying.`
    : `The server does not show this page any more. These numbers are from ${time(store.heard.value)}.`;
  return (
    <div class="trouble" role="alert">
      <p>{message}</p>
      <button type="button" class="quiet" onClick={() => store.retry()}>Try now</button>
    </div>
  );
}
