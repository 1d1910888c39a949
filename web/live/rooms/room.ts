// Which of the two rooms the page shows: what is now, or the figures of the past. The address says it.

import { type Signal, signal } from "@preact/signals";

export type RoomName = "now" | "figures";

const DAY = 86_400_000;
const STAYS = ["link", "lang"]; // parameters that are about the page, not about figures

export const roomOf = (query: string): RoomName => new URLSearchParams(query).has("period") ? "figures" : "now";

export class Room {
  readonly at: Signal<RoomName>;
  #figures = "";

  /** `owner`: others have one room. */
  constructor(owner: boolean) {
    this.at = signal(owner ? roomOf(location.search) : "now");
    if (owner) addEventListener("popstate", () => this.at.value = roomOf(location.search));
  }

  /** `since`: when counting began. The first day has no past, so figures begin with it, and else with four weeks. */
  go(to: RoomName, since: number | null) {
    if (to === this.at.value) return;
    if (to === "now") this.#figures = location.search;
    const query = new URLSearchParams(to === "figures" ? this.#figures : location.search);
    if (to === "now") { for (const name of [...query.keys()]) if (!STAYS.includes(name)) query.delete(name); }
    else if (!query.has("period")) query.set("period", since === null || Date.now() - since < DAY ? "day" : "28d");
    history.pushState(null, "", `?${query}`);
    this.at.value = to;
  }
}
