// What the page shows, as signals: the state of the site and whether it is live. Everything else is derived from it.

import { batch, computed, signal } from "@preact/signals";
import type { Message } from "./messages.ts";
import { apply, ranked, read, start, type State } from "./state.ts";
import { type Status, Stream } from "./stream.ts";
import type { Snapshot } from "./wire.ts";

export class Store {
  readonly state = signal<State | null>(null);
  readonly status = signal<Status>("connecting");
  /** By this browser's clock, when the numbers were last known to be true. */
  readonly heard = signal(Date.now());

  readonly pages = computed(() => (this.state.value ? ranked(this.state.value) : []));
  readonly reading = computed(() => (this.state.value ? read(this.state.value) : []));
  readonly places = computed(() => [...(this.state.value?.places.values() ?? [])]);
  readonly people = computed(() => this.state.value?.people ?? 0);
  /** Nobody came yet: the page says how to begin instead of showing empty tables. */
  readonly empty = computed(() => this.state.value !== null && this.state.value.since === null && !this.people.value);

  readonly #stream: Stream;

  constructor(site: string, first: Snapshot | null) {
    if (first) this.#show(start(first));
    this.#stream = new Stream(
      `/api/live/${site}/stream`,
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
    if (event === "snapshot") this.#show(start(JSON.parse(data)));
    if (event !== "delta") return true;
    const next = this.state.value && apply(this.state.value, JSON.parse(data));
    if (next) this.#show(next);
    return next !== null;
  }

  #show(state: State) {
    this.state.value = state;
  }

  #say(status: Status) {
    batch(() => {
      if (this.status.value === "live") this.heard.value = Date.now();
      this.status.value = status;
    });
  }
}
