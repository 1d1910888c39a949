// Which of many cards listens. Browsers allow six connections to a host (HTTP/1.1), and the script that counts needs them too. So
// of the cards of a site one listens and tells the others in the same browser, at most STREAMS listen at a time whatever their
// sites, and who finds no place among these asks every 30 s. So does each card where there are no locks to agree by: without TLS,
// in a sandbox. A card that is not seen does nothing.

const STREAMS = 3;
const PAUSE = 30_000; // milliseconds between two questions

/** `sure`: whether it was true a moment ago. */
export interface Told {
  people: number;
  sure: boolean;
}

export interface Source {
  /** Hears until `seen` is aborted or there is nothing to be heard. */
  stream(seen: AbortSignal, hear: (people: number) => void): Promise<void>;
  ask(seen: AbortSignal): Promise<number>;
}

export class Turns {
  #seen = new AbortController();

  /** `last`: what is shown before anything is known. */
  constructor(
    private readonly site: string,
    private readonly source: Source,
    private readonly show: (told: Told) => void,
    private last: number,
  ) {}

  follow() {
    const look = () => {
      this.#seen.abort();
      this.#seen = new AbortController();
      if (!document.hidden) this.#watch(this.#seen.signal);
    };
    document.addEventListener("visibilitychange", look);
    addEventListener("online", look);
    addEventListener("pagehide", () => this.#seen.abort()); // or the page around the card would not be kept for going back to
    addEventListener("pageshow", (e) => e.persisted && look());
    look();
  }

  /** Listens, or is told by the card that does. */
  async #watch(seen: AbortSignal) {
    const others = new BroadcastChannel(`footfall ${this.site}`);
    seen.addEventListener("abort", () => others.close());
    let known: Told | undefined;
    const tell = (told: Told) => {
      if (seen.aborted) return;
      this.last = told.people;
      this.show(known = told);
      others.postMessage(told);
    };
    others.onmessage = ({ data }) => {
      if (data) this.show(data);
      else if (known) others.postMessage(known);
    };
    others.postMessage(null); // who knows?
    try {
      await navigator.locks.request(`footfall ${this.site}`, { signal: seen }, () => this.#listen(seen, tell));
    } catch { // it is not seen any more; or there are no locks
      if (!seen.aborted) await this.#listen(seen, tell);
    }
  }

  async #listen(seen: AbortSignal, tell: (told: Told) => void) {
    const hear = (people: number) => tell({ people, sure: true });
    while (!seen.aborted) {
      await placed(() => this.source.stream(seen, hear));
      if (seen.aborted) return;
      await this.source.ask(seen).then(hear, () => tell({ people: this.last, sure: false }));
      await new Promise((go) => {
        setTimeout(go, PAUSE);
        seen.addEventListener("abort", go);
      });
    }
  }
}

/** Does the work if there is a place among the streams. */
async function placed(work: () => Promise<void>) {
  try {
    for (let place = 0, had = false; !had && place < STREAMS; place++) {
      had = await navigator.locks.request(`footfall stream ${place}`, { ifAvailable: true }, async (lock) => {
        if (lock) await work();
        return lock !== null;
      });
    }
  } catch { /* there are no locks */ }
}
