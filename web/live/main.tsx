// Starts the live page: the numbers that came with it at once, then the stream.

import "./style.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./App.tsx";
import { number } from "./shared/format.ts";
import { Store } from "./stream/store.ts";

const site = document.documentElement.dataset.site!;
const store = new Store(site, JSON.parse(document.getElementById("snapshot")!.textContent!));

render(<App store={store} site={site} />, document.getElementById("app")!);
effect(() => {
  document.title = `${number(store.people.value)} here now · ${site}`;
});
store.follow();
