// What the page shows of the present, as signals: the state of the site and whether it is live. All else is derived from it.

import { batch, computed, type Signal, signal } from "@preact/signals";
import type { Snapshot } from "../wire.ts";
import type { Message } from "./messages.ts";
import { apply, ranked, read, start, type State } from "./state.ts";
import { type Status, Stream } from "./stream.ts";

const STEP = 1_000; // milliseconds between two changes of what is calm

export class Store {
  /** As it is now. What is drawn from `calm` follows at once where little happens and in steps where much does: rows that
   * change places ten times a second nobody can read, and every step costs. */
  readonly state: Signal<State>;
  readonly status = signal<Status>("connecting");
  /** By this browser's clock, when the numbers were last known to be true. */
  readonly heard = signal(Date.now());
  /** Counts snapshots: whatever else was asked before one may have missed something. */
  readonly fresh = signal(0);
  /** The server's clock less this browser's, milliseconds. */
  readonly ahead: Signal<number>;

  readonly people = computed(() => this.state.value.people);
  /** Nobody came yet: the page says how to begin instead of showing empty tables. */
  readonly empty = computed(() => this.state.value.since === null && !this.people.value);

  readonly calm: Signal<State>;
  readonly pages = computed(() => this.calm.value.pages);
  readonly ranked = computed(() => ranked(this.pages.value));
  readonly reading = computed(() => read(this.pages.value));
  readonly places = computed(() => this.calm.value.places);
  readonly placeList = computed(() => [...this.places.value.values()]);
  readonly trend = computed(() => this.calm.value.trend);
  readonly arrivals = computed(() => this.calm.value.arrivals);
  readonly hidden = computed(() => this.calm.value.hidden);
  /** How many pages are named. */
  readonly named = computed(() => this.calm.value.paths - this.hidden.value.paths);

  #calmed = 0;
  #timer?: ReturnType<typeof setTimeout>;
  readonly #stream: Stream;

  constructor(stream: URL, first: Snapshot) {
    this.state = signal(start(first));
    this.calm = signal(this.state.value);
    this.ahead = signal(first.at - Date.now());
    this.#stream = new Stream(stream, (message) => this.#take(message), (status) => this.#say(status));
  }

  follow() {
    this.#stream.follow();
  }

  retry() {
    this.#stream.open();
  }

  #take({ event, data }: Message): boolean {
    if (event === "snapshot") this.#begin(JSON.parse(data));
    if (event !== "delta") return true;
    const next = apply(this.state.value, JSON.parse(data));
    if (!next) return false;
    this.state.value = next;
    this.#timer ??= setTimeout(() => this.#calm(), Math.max(0, this.#calmed + STEP - Date.now()));
    return true;
  }

  #begin(snapshot: Snapshot) {
    batch(() => {
      this.state.value = start(snapshot);
      this.#calm();
      this.ahead.value = snapshot.at - Date.now();
      this.fresh.value++;
    });
  }

  #calm() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#calmed = Date.now();
    this.calm.value = this.state.value;
  }

  #say(status: Status) {
    batch(() => {
      if (this.status.value === "live") this.heard.value = Date.now();
      this.status.value = status;
    });
  }
}
