// A past hour, minute by minute: which one is shown, whether it plays. Knows no stream and draws nothing.

import { batch, computed, signal } from "@preact/signals";
import type { Replay, ReplayMinute } from "../wire.ts";

export const LENGTH = 60; // minutes
const MINUTE = 60_000;
const PACE = 500; // milliseconds for a minute

export class Player {
  /** The beginning of the hour, milliseconds; null while the page is live. */
  readonly from = signal<number | null>(null);
  readonly minutes = signal<readonly ReplayMinute[]>([]);
  readonly index = signal(0);
  readonly playing = signal(false);
  readonly failed = signal(false);
  readonly busy = signal(false);

  readonly open = computed(() => this.from.value !== null);
  readonly minute = computed<ReplayMinute | null>(() => this.minutes.value[this.index.value] ?? null);
  readonly time = computed(() => (this.from.value ?? 0) + this.index.value * MINUTE);
  /** Strangers are not told where people were. */
  readonly placed = computed(() => this.minutes.value.some((m) => m.countries.length > 0));

  #asked?: AbortController;
  #timer?: ReturnType<typeof setInterval>;

  constructor(
    private readonly ask: (from: number, minutes: number, signal: AbortSignal) => Promise<Replay>,
    /** The server's time. */
    private readonly now: () => number,
  ) {}

  /** Shows the hour that begins at `from`, by default the last one. An hour that is not over yet is left for one that is. */
  async show(from = Infinity) {
    this.pause();
    this.#asked?.abort();
    const asked = this.#asked = new AbortController();
    const start = Math.floor(Math.min(from, this.latest()) / MINUTE) * MINUTE;
    batch(() => {
      this.from.value = start;
      this.busy.value = true;
      this.failed.value = false;
    });
    try {
      const answer = await this.ask(start, LENGTH, asked.signal);
      batch(() => {
        this.from.value = answer.from;
        this.minutes.value = answer.minutes;
        this.go(this.index.value);
        this.busy.value = false;
      });
    } catch {
      if (asked.signal.aborted) return;
      batch(() => {
        this.minutes.value = [];
        this.failed.value = true;
        this.busy.value = false;
      });
    }
  }

  /** The latest hour that is over. */
  latest() {
    return Math.floor(this.now() / MINUTE) * MINUTE - LENGTH * MINUTE;
  }

  close() {
    this.pause();
    this.#asked?.abort();
    batch(() => {
      this.from.value = null;
      this.minutes.value = [];
      this.index.value = 0;
    });
  }

  go(index: number) {
    this.index.value = Math.max(0, Math.min(index, this.minutes.value.length - 1));
  }

  toggle() {
    if (this.playing.value) return this.pause();
    if (!this.minutes.value.length) return;
    if (this.index.value >= this.minutes.value.length - 1) this.index.value = 0;
    this.playing.value = true;
    this.#timer = setInterval(() => {
      this.go(this.index.value + 1);
      if (this.index.value >= this.minutes.value.length - 1) this.pause();
    }, PACE);
  }

  pause() {
    clearInterval(this.#timer);
    this.playing.value = false;
  }
}
