// Starts the live page: the numbers that came with it at once, then the stream.

import "./style.css";
import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { App } from "./App.tsx";
import { Ask } from "./ask/ask.ts";
import { Room } from "./rooms/room.ts";
import { keep, kept, makeLook } from "./shared/look.ts";
import { Store } from "./stream/store.ts";
import { Speech } from "./words/speech.ts";
import { CATALOGUES, choose, type Language, tongue } from "./words/tongue.ts";

const LANGUAGE = "footfall_language";

const root = document.documentElement;
const site = root.dataset.site!;
const name = root.dataset.name!; // the id, if it has none
const owner = root.dataset.role === "owner";
const room = new Room(owner);
const ask = new Ask(site, location.href);
const store = new Store(ask.stream(), JSON.parse(document.getElementById("snapshot")!.textContent!));
const wished = [new URL(location.href).searchParams.get("lang"), kept(LANGUAGE, ["", ...Object.keys(CATALOGUES)])];
const first = choose(wished, navigator.languages);
const language = signal<Language>(first);
const look = makeLook();

function Page() {
  const speech = tongue(language.value, navigator.languages);
  return (
    <Speech.Provider value={speech}>
      <App {...{ store, ask, site, name, owner, room, language, look }} zone={root.dataset.zone!} />
    </Speech.Provider>
  );
}

effect(() => {
  root.lang = language.value;
  if (language.value !== first) keep(LANGUAGE, language.value);
});
effect(() => {
  const { words, number } = tongue(language.value, navigator.languages);
  document.title = `${words.hereNow(number(store.people.value))} · ${name}`;
});
render(<Page />, document.getElementById("app")!);
store.follow();
