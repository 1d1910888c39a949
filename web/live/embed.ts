// Starts the card in other people's pages, /embed/{site}: it stays what the server wrote until more is known, by the stream of
// the live page.

import { Ask } from "./ask/ask.ts";
import { type Told, Turns } from "./embed/turns.ts";
import { Stream } from "./stream/stream.ts";
import type { Delta, Snapshot } from "./wire.ts";

const card = document.querySelector("main")!;
const { site, one, more, people } = card.dataset as Record<"site" | "one" | "more" | "people", string>;
const ask = new Ask(site, location.href);
const numbers = new Intl.NumberFormat(document.documentElement.lang, { useGrouping: true });

function show({ people, sure }: Told) {
  const [count, words] = [numbers.format(people), people === 1 ? one : more];
  card.querySelector("b")!.textContent = count;
  card.querySelector("span")!.textContent = words;
  card.querySelector("i")!.className = !sure ? "unsure" : people ? "some" : "";
  document.title = `${count} ${words}`;
}

function stream(seen: AbortSignal, hear: (people: number) => void): Promise<void> {
  const over = new AbortController();
  seen.addEventListener("abort", () => over.abort());
  const take = ({ data }: { data: string }) => {
    const { people }: Partial<Snapshot & Delta> = JSON.parse(data); // absolute in both: nothing can be missed
    if (people !== undefined) hear(people);
    return true;
  };
  return new Promise((end) => {
    over.signal.addEventListener("abort", () => end());
    new Stream(ask.stream(), take, (status) => {
      if (status === "gone") location.reload(); // the server says what there is to say
      else if (status === "stale") over.abort();
    }).follow(over.signal);
  });
}

async function count(seen: AbortSignal): Promise<number> {
  try {
    return (await ask.count(seen)).here;
  } catch (error) {
    if ((error as Error).message === "404") location.reload();
    throw error;
  }
}

new Turns(site, { stream, ask: count }, show, Number(people)).follow();
