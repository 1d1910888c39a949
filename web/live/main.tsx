// Starts the live page: the numbers that came with it at once, then the stream.

import "./style.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./App.tsx";
import { number } from "./shared/format.ts";
import { Store } from "./stream/store.ts";

/** What the server wrote into the page; null if it wrote nothing there. */
function given(id: string) {
  try {
    return JSON.parse(document.getElementById(id)!.textContent!);
  } catch {
    return null;
  }
}

const { site = "", name = site } = document.documentElement.dataset;
const store = new Store(site, given("snapshot"));

render(
  <App store={store} site={site} name={name} notices={given("notices") ?? []} />,
  document.getElementById("app")!,
);
effect(() => {
  document.title = `${number(store.people.value)} here now · ${name}`;
});
store.follow();
