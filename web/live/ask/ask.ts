// What the page asks for by request (docs/wire.md, "More of the live page"). Knows addresses, nothing of what is shown.

import type { Count, PageList, People, Replay } from "../wire.ts";

export class Ask {
  readonly #base: URL;
  readonly #site: string;
  readonly #link: string | null;

  /** `page`: the address of the page itself; its secret link, if it has one, goes with every request. */
  constructor(site: string, page: string) {
    this.#site = site;
    this.#base = new URL("../api/", page);
    this.#link = new URL(page).searchParams.get("link");
  }

  people(range: string, signal: AbortSignal): Promise<People> {
    return this.#get("people", { range }, signal);
  }

  pages(q: string, offset: number, limit: number, signal: AbortSignal): Promise<PageList> {
    return this.#get("pages", { q, offset, limit }, signal);
  }

  replay(from: number, minutes: number, signal: AbortSignal): Promise<Replay> {
    return this.#get("replay", { from, minutes }, signal);
  }

  count(signal: AbortSignal): Promise<Count> {
    return this.#get("count", {}, signal);
  }

  stream(): URL {
    return this.#address(`live/${this.#site}/stream`, {});
  }

  #address(path: string, query: Record<string, string | number>): URL {
    const address = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, String(value));
    if (this.#link) address.searchParams.set("link", this.#link);
    return address;
  }

  async #get<T>(door: string, query: Record<string, string | number>, signal: AbortSignal): Promise<T> {
    const answer = await fetch(this.#address(`${door}/${this.#site}`, query), { signal });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return await answer.json();
  }
}
