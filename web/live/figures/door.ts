// What figures ask the server: questions, their rows as CSV, and what the owner keeps (docs/wire.md). Knows addresses, nothing
// of what is shown; `trouble` tells what is in the way of all of it.

import { signal } from "@preact/signals";
import type { Answer, Question } from "./questions.ts";

export type Trouble = "failed" | "offline" | "out";
export interface Segment {
  id: number;
  name: string;
  filters: unknown[];
}
export interface Note {
  id: number;
  /** A day, or "2026-11-29T13:05". */
  at: string;
  text: string;
}
export interface Goal {
  id: number;
  name: string;
}
interface Kept {
  segments: Segment;
  annotations: Note;
  goals: Goal;
}

const SOON = 5; // seconds
const TRIES = 4;

/** The server understood and says no. */
export class Refused extends Error {}

export class Door {
  readonly trouble = signal<Trouble | null>(null);
  readonly #base: URL;
  #begun = 0; // requests
  #failed = 0; // the newest that had begun when one failed

  /** `page`: the address of the page itself. */
  constructor(readonly site: string, page: string) {
    this.#base = new URL("../api/", page);
  }

  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    return await (await this.#send("v2/query", "POST", question, signal)).json();
  }

  /** All rows, as they would be shown. */
  async csv(question: Question): Promise<Blob> {
    const { pagination: _, include: __, ...all } = question;
    return await (await this.#send("v2/query?format=csv", "POST", all)).blob();
  }

  async list<K extends keyof Kept>(kind: K, signal?: AbortSignal): Promise<Kept[K][]> {
    return (await (await this.#send(this.#kept(kind), "GET", undefined, signal)).json())[kind];
  }

  async add<K extends keyof Kept>(kind: K, one: Omit<Kept[K], "id">): Promise<Kept[K]> {
    return await (await this.#send(this.#kept(kind), "POST", one)).json();
  }

  async remove(kind: keyof Kept, id: number) {
    await this.#send(`${this.#kept(kind)}/${id}`, "DELETE");
  }

  /** A server that asks to come again soon is asked again. */
  async #patiently(address: URL, request: RequestInit): Promise<Response> {
    for (let tries = 1;; tries++) {
      const answer = await fetch(address, request);
      const wait = Number(answer.headers.get("retry-after"));
      if (!(answer.status === 503 || answer.status === 429) || !wait || wait > SOON || tries === TRIES) return answer;
      await new Promise((done) => setTimeout(done, wait * 1000));
      request.signal?.throwIfAborted();
    }
  }

  #kept(kind: keyof Kept) {
    return `sites/${this.site}/${kind}`;
  }

  async #send(path: string, method: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const begun = ++this.#begun;
    try {
      const headers = body === undefined ? undefined : { "content-type": "application/json" };
      const answer = await this.#patiently(new URL(path, this.#base), {
        method,
        headers,
        body: JSON.stringify(body),
        signal,
      });
      if (answer.status === 400) throw new Refused((await answer.json()).error);
      if (!answer.ok) throw new Error(`${answer.status}`);
      if (begun > this.#failed) this.trouble.value = null; // what was asked beside one that failed does not make up for it
      return answer;
    } catch (error) {
      if (!signal?.aborted && !(error instanceof Refused)) {
        this.#failed = this.#begun;
        this.trouble.value = troubleOf(error);
      }
      throw error;
    }
  }
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof TypeError) return "offline"; // what fetch throws where there is no answer
  return error instanceof Error && /^40[13]$/.test(error.message) ? "out" : "failed";
}
