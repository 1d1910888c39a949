// Keeps the stream of a site open while someone looks: closed when the tab is hidden (browsers allow six connections to
// a host), opened again with a fresh snapshot when it is seen, after an error with growing pauses.

import { type Message, Messages } from "./messages.ts";

/** `gone`: the server is there, but not this page for this viewer. */
export type Status = "connecting" | "live" | "stale" | "gone";

const SILENCE = 40_000; // milliseconds; the server says something every 15 s
const PATIENCE = 6_000; // how long "connecting" is said before the numbers are called stale
const LONGEST = 20_000;

export class Stream {
  #request?: AbortController;
  #status?: Status;
  #shortest = 500;
  #pause = this.#shortest;
  #retry = 0;
  #silence = 0;
  #patience = 0;

  /** `take` returns false for a message that does not follow on what it has: the stream is opened anew. */
  constructor(
    private readonly address: URL,
    private readonly take: (message: Message) => boolean,
    private readonly say: (status: Status) => void,
  ) {}

  /** From now on the stream is open exactly while the page is visible. */
  follow() {
    const look = () => {
      if (document.hidden) return this.#close();
      this.#tell("connecting");
      this.open();
    };
    document.addEventListener("visibilitychange", look);
    addEventListener("online", look);
    look();
  }

  /** Begins anew, at once. */
  open() {
    this.#close();
    const request = this.#request = new AbortController();
    this.#read(request).catch(() => {/* no network, or cut off */}).finally(() => {
      if (this.#request !== request) return; // closed by ourselves
      this.#close();
      if (this.#status === "live") this.#tell("connecting");
      this.#retry = setTimeout(() => this.open(), this.#pause * (0.5 + Math.random()));
      this.#pause = Math.min(this.#pause * 2, LONGEST);
    });
  }

  #close() {
    const request = this.#request;
    this.#request = undefined;
    request?.abort();
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
  }

  async #read(request: AbortController) {
    const heard = () => {
      clearTimeout(this.#silence);
      this.#silence = setTimeout(() => request.abort(), SILENCE);
    };
    heard();
    const answer = await fetch(this.address, { signal: request.signal, headers: { accept: "text/event-stream" } });
    if (answer.status === 404) this.#tell("gone");
    if (!answer.ok || !answer.body) return;
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    const messages = new Messages();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.#request !== request) return;
      heard();
      for (const message of messages.push(decoder.decode(value, { stream: true }))) {
        if (message.event === "retry") this.#shortest = Math.min(Number(message.data) || 0, LONGEST);
        else if (!this.take(message)) return this.open();
        else this.#tell("live");
        this.#pause = this.#shortest;
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
