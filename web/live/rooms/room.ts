// Which of the two rooms the page shows: what is now, or the figures of the past. The address says it.

import { type Signal, signal } from "@preact/signals";

export type RoomName = "now" | "figures";

const DAY = 86_400_000;

const roomOf = (): RoomName => new URLSearchParams(location.search).has("period") ? "figures" : "now";

export class Room {
  readonly at: Signal<RoomName>;
  /** The query of each when it was left. */
  #left: Partial<Record<RoomName, string>> = {};

  /** `owner`: others have one room. */
  constructor(owner: boolean) {
    this.at = signal(owner ? roomOf() : "now");
    if (owner) addEventListener("popstate", () => this.at.value = roomOf());
  }

  /** `since`: when counting began. The first day has no past: figures begin with it then, and else with four weeks. */
  go(to: RoomName, since: number | null) {
    const usual = to === "now" ? "" : since && Date.now() - since > DAY ? "?period=28d" : "?period=day";
    this.#left[this.at.value] = location.search;
    history.pushState(null, "", location.pathname + (this.#left[to] ?? usual));
    this.at.value = to;
  }
}
