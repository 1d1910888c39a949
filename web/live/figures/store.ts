// What is looked at, as signals: the view that the address says, and what it comes to today.

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { clock } from "./dates.ts";
import { readView, spanOf, type View, writeView } from "./view.ts";

const TICK = 60_000; // milliseconds: so often what is not over yet is asked for again

export class Store {
  readonly view: Signal<View>;
  /** What the site's clocks show. */
  readonly now: Signal<string>;
  readonly today: ReadonlySignal<string>;
  readonly span = computed(() => spanOf(this.view.value, this.today.value, this.#since));
  /** Changes when the same question may have another answer: with time, and when somebody wants to try again. */
  readonly fresh = computed(() => `${this.tries.value} ${this.span.value.open ? this.now.value.slice(0, 16) : ""}`);
  readonly tries = signal(0);
  readonly #since: string;

  /** `since`: when counting began. `time`: the server's. */
  constructor(private readonly zone: string, since: number | null, private readonly time: () => number) {
    this.view = signal(readView(new URLSearchParams(location.search)));
    this.now = signal(clock(time(), zone));
    this.today = computed(() => this.now.value.slice(0, 10));
    this.#since = clock(since ?? time(), zone).slice(0, 10);
  }

  /** Follows the address and the clock, until what it returns is called. */
  follow(): () => void {
    const over = new AbortController();
    const tick = () => document.hidden || (this.now.value = clock(this.time(), this.zone));
    const back = () => {
      const query = new URLSearchParams(location.search);
      if (query.has("period")) this.view.value = readView(query);
    };
    addEventListener("popstate", back, over);
    addEventListener("online", () => this.again(), over);
    document.addEventListener("visibilitychange", tick, over);
    const timer = setInterval(tick, TICK);
    over.signal.addEventListener("abort", () => clearInterval(timer));
    return () => over.abort();
  }

  again() {
    this.tries.value++;
  }

  /** Looks at something else. `quietly`: going back does not undo it. */
  change(change: Partial<View>, quietly = false) {
    this.view.value = { ...this.view.value, ...change };
    const query = writeView(this.view.value, new URLSearchParams(location.search));
    history[quietly ? "replaceState" : "pushState"](null, "", `?${query}`);
  }
}
