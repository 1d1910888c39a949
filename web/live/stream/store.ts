// What the page shows, as signals: the state of the site and whether it is live. Everything else is derived from it.

import { batch, computed, type Signal, signal } from "@preact/signals";
import type { Message } from "./messages.ts";
import { apply, ranked, read, start, type State } from "./state.ts";
import { type Status, Stream } from "./stream.ts";
import type { Snapshot } from "./wire.ts";

export class Store {
  readonly state: Signal<State>;
  readonly status = signal<Status>("connecting");
  /** By this browser's clock, when the numbers were last known to be true. */
  readonly heard = signal(Date.now());

  readonly pages = computed(() => ranked(this.state.value));
  readonly reading = computed(() => read(this.state.value));
  readonly places = computed(() => [...this.state.value.places.values()]);
  readonly people = computed(() => this.state.value.people);
  /** Nobody came yet: the page says how to begin instead of showing empty tables. */
  readonly empty = computed(() => this.state.value.since === null && !this.people.value);

  readonly #stream: Stream;

  constructor(site: string, first: Snapshot) {
    this.state = signal(start(first));
    this.#stream = new Stream(
      new URL(`../api/live/${site}/stream`, location.href),
      (message) => this.#take(message),
      (status) => this.#say(status),
    );
  }

  follow() {
    this.#stream.follow();
  }

  retry() {
    this.#stream.open();
  }

  #take({ event, data }: Message): boolean {
    if (event === "snapshot") this.state.value = start(JSON.parse(data));
    if (event !== "delta") return true;
    const next = apply(this.state.value, JSON.parse(data));
    if (next) this.state.value = next;
    return next !== null;
  }

  #say(status: Status) {
    batch(() => {
      if (this.status.value === "live") this.heard.value = Date.now();
      this.status.value = status;
    });
  }
}
