// Keeps the stream of a site open while someone looks: closed when the tab is hidden (browsers allow six connections to
// a host), opened again with a fresh snapshot when it is seen. After an error it tries every second or so, at a moment of
// its own: whatever was in the way, two seconds after it is gone the page is right again, and a server that comes back meets
// its viewers one after the other.

import { type Message, Messages } from "./messages.ts";

/** `gone`: the server is there, but not this page for this viewer. */
export type Status = "connecting" | "live" | "stale" | "gone";

const SILENCE = 17_000; // milliseconds; the server says something every 15 s
const ANSWER = 5_000; // for the beginning of an answer
const PATIENCE = 6_000; // how long "connecting" is said before the numbers are called stale
const PAUSE = 700; // to twice as much between two tries
const LONG_PAUSE = 10_000; // after an answer that will be the same for a while
const PULSE = 1_000;
const SLEPT = 4_000; // a pulse that late: the machine slept, and so may the connection

export class Stream {
  #request?: AbortController;
  #status?: Status;
  #retry = 0;
  #silence = 0;
  #patience = 0;

  /** `take` returns false for a message that does not follow on what it has: the stream is opened anew. */
  constructor(
    private readonly address: URL,
    private readonly take: (message: Message) => boolean,
    private readonly say: (status: Status) => void,
  ) {}

  /** From now on, until `over`, the stream is open exactly while the page is visible. */
  follow(over = new AbortController().signal) {
    const until = { signal: over };
    let last = 0;
    const look = () => {
      last = Date.now();
      if (document.hidden) return this.#close();
      this.#tell("connecting");
      this.open();
    };
    document.addEventListener("visibilitychange", look, until);
    addEventListener("online", look, until);
    addEventListener("offline", look, until);
    addEventListener("pagehide", () => this.#close(), until); // or it would not be kept for going back to
    addEventListener("pageshow", (e) => e.persisted && look(), until);
    const pulse = setInterval(() => {
      if (Date.now() - last > PULSE + SLEPT && !document.hidden) look();
      last = Date.now();
    }, PULSE);
    over.addEventListener("abort", () => {
      clearInterval(pulse);
      clearTimeout(this.#patience);
      this.#close();
    });
    look();
  }

  /** Begins anew, at once. */
  open() {
    this.#close();
    const request = this.#request = new AbortController();
    let pause = PAUSE;
    this.#read(request).then((wait) => pause = wait, () => {/* no network, or cut off */}).finally(() => {
      if (this.#request !== request) return; // closed by ourselves
      this.#close();
      if (this.#status === "live") this.#tell("connecting");
      this.#retry = setTimeout(() => this.open(), pause * (1 + Math.random()));
    });
  }

  #close() {
    const request = this.#request;
    this.#request = undefined;
    request?.abort();
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
  }

  /** Reads until the stream ends. Returns how long to wait before the next. */
  async #read(request: AbortController): Promise<number> {
    const expect = (within: number) => {
      clearTimeout(this.#silence);
      this.#silence = setTimeout(() => request.abort(), within);
    };
    expect(ANSWER);
    const answer = await fetch(this.address, { signal: request.signal, headers: { accept: "text/event-stream" } });
    if (answer.status === 404) this.#tell("gone");
    if (answer.status < 500 && !answer.ok) return LONG_PAUSE;
    if (!answer.ok || !answer.body) return Number(answer.headers.get("retry-after")) * 1000 || PAUSE;
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    const messages = new Messages();
    for (;;) {
      expect(SILENCE);
      const { done, value } = await reader.read();
      if (done || this.#request !== request) return PAUSE;
      for (const message of messages.push(decoder.decode(value, { stream: true }))) {
        if (!this.take(message)) return 0; // opened anew, at once
        this.#tell("live");
      }
    }
  }

  #tell(status: Status) {
    if (status === this.#status) return;
    clearTimeout(this.#patience);
    if (status === "connecting") this.#patience = setTimeout(() => this.#tell("stale"), PATIENCE);
    this.say(this.#status = status);
  }
}
