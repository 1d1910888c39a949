// The card in other people's pages: how many are here now, by the same stream as the live page. It stays what the server
// wrote into it until that is known better.

import "./embed.css";
import { Ask } from "../ask/ask.ts";
import type { Delta, Snapshot } from "../wire.ts";
import { Stream } from "../stream/stream.ts";
import { choose, tongue } from "../words/tongue.ts";

const root = document.documentElement;
const ask = new Ask(root.dataset.site!, location.href);
const wished = new URL(location.href).searchParams.get("lang");
const { language, words, number, count } = tongue(choose([wished], navigator.languages), navigator.languages);
const card = document.querySelector<HTMLElement>(".card")!;

function show(people: number) {
  card.querySelector("b")!.textContent = number(people);
  card.querySelector(".words")!.textContent = count(words.peopleHere, people);
}

root.lang = language;
show(Number(card.dataset.people!.replace(/\D/g, "")));
new Stream(
  ask.stream(),
  ({ data }) => {
    const { people }: Partial<Snapshot & Delta> = JSON.parse(data); // absolute in both: nothing can be missed
    if (people !== undefined) show(people);
    return true;
  },
  (status) => card.dataset.status = status,
).follow();
