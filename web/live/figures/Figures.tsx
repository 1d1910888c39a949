// The room of figures as a whole: what is looked at, the headline, the chart, the tables. Loaded when it is entered; the only
// file here that the rest of the page knows.

import type { ReadonlySignal, Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Help } from "../shared/Help.tsx";
import { listen } from "../shared/keys.ts";
import type { makeLook } from "../shared/look.ts";
import { useTongue } from "../words/speech.ts";
import { Bar } from "./bar/Bar.tsx";
import { Card } from "./cards/Card.tsx";
import { Whole } from "./cards/Whole.tsx";
import { Chart } from "./chart/Chart.tsx";
import { Door } from "./door.ts";
import { Headline } from "./headline/Headline.tsx";
import { act, type Action, KEYS } from "./keys.ts";
import { Store } from "./store.ts";
import { CARDS, tabNamed } from "./tabs.ts";
import { speech, Spoken, useSpeech } from "./words/speech.ts";

export interface Props {
  site: string;
  /** By whose clock days begin. */
  zone: string;
  /** When counting began. */
  since: number | null;
  /** The server's clock less this browser's. */
  ahead: ReadonlySignal<number>;
  look: ReturnType<typeof makeLook>;
  /** The dialog that explains the keys. */
  sheet: RefObject<HTMLDialogElement | null>;
  /** Leaves this room. */
  live(): void;
}

declare const FIGURES_CSS: string; // the name of the built style, which lies beside this script

/** Loads the style, once. Nothing is shown without it. */
export function dressed(): Promise<void> {
  const href = new URL(FIGURES_CSS, import.meta.url).href;
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  return new Promise((done, fail) => {
    const link = document.createElement("link");
    const gone = () => fail(link.remove());
    document.head.append(Object.assign(link, { rel: "stylesheet", href, onload: () => done(), onerror: gone }));
  });
}

export function Figures({ site, zone, since, ahead, look, sheet, live }: Props) {
  const tongue = useTongue();
  const spoken = useMemo(() => speech(tongue), [tongue]);
  const door = useMemo(() => new Door(site, location.href), [site]);
  const store = useMemo(() => new Store(zone, since, () => Date.now() + ahead.value), [zone]);
  const [visitors, tellVisitors] = useState<number | null>(null);
  useEffect(() => store.follow(), [store]);
  useEffect(() => {
    const doing = { live, theme: look.turn, help: () => sheet.current?.showModal() };
    return listen(KEYS, (action: Action) => act(action, store, doing));
  }, [store, live]);
  const { all } = store.view.value;
  return (
    <Spoken.Provider value={spoken}>
      <div class="figures">
        <Bar store={store} door={door} />
        <section class="panel overview" aria-label={spoken.words.headline}>
          <Headline store={store} door={door} told={tellVisitors} />
          <Chart store={store} door={door} look={look.look.value} />
        </section>
        <div class="cards">
          {CARDS.map((card) => <Card key={card.id} card={card} store={store} door={door} visitors={visitors} />)}
        </div>
        {all && <Whole key={all} tab={tabNamed(all)!} store={store} door={door} />}
        <TroubleBar store={store} trouble={door.trouble} />
        <Help sheet={sheet} lines={KEYS} words={spoken.words.keys} />
      </div>
    </Spoken.Provider>
  );
}

const PATIENCE = 5_000; // milliseconds until a server that could not be reached is tried again

function TroubleBar({ store, trouble }: { store: Store; trouble: Signal<Door["trouble"]["value"]> }) {
  const { words } = useTongue();
  const { words: said } = useSpeech();
  const unreached = trouble.value === "offline";
  useEffect(() => {
    if (!unreached) return;
    const timer = setInterval(() => store.again(), PATIENCE);
    return () => clearInterval(timer);
  }, [store, unreached]);
  if (!trouble.value) return null;
  return (
    <div class="trouble" role="alert">
      <p>{said.trouble[trouble.value]}</p>
      {trouble.value === "out"
        ? <a class="quiet" href="../sign-in">{said.signIn}</a>
        : <button type="button" class="quiet" onClick={() => store.again()}>{words.again}</button>}
    </div>
  );
}
