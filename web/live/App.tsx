// The page as a whole: the parts, each given what it shows, live or of the past. Only this file and main.tsx know them all.

import { computed, type Signal, signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { Arrivals } from "./arrivals/Arrivals.tsx";
import type { Ask } from "./ask/ask.ts";
import { Footer } from "./footer/Footer.tsx";
import { Header, Trouble } from "./header/Header.tsx";
import { type Action, KEYS } from "./help/keys.ts";
import { Later } from "./Later.tsx";
import { Where } from "./map/Where.tsx";
import { Pages, type Place } from "./pages/Pages.tsx";
import { clamp, SIZE } from "./pages/slice.ts";
import { People } from "./people/People.tsx";
import { Reading } from "./reading/Reading.tsx";
import { Player } from "./replay/player.ts";
import { Replay } from "./replay/Replay.tsx";
import type { Room } from "./rooms/room.ts";
import { Rooms } from "./rooms/Rooms.tsx";
import { Help } from "./shared/Help.tsx";
import { listen } from "./shared/keys.ts";
import type { makeLook } from "./shared/look.ts";
import { Start } from "./start/Start.tsx";
import type { Store } from "./stream/store.ts";
import { Totals } from "./totals/Totals.tsx";
import { replayed } from "./trend/series.ts";
import { Chart, RANGES, Trend } from "./trend/Trend.tsx";
import type { PlaceLine } from "./wire.ts";
import type { Range } from "./words/catalogue.ts";
import { useTongue } from "./words/speech.ts";
import type { Language } from "./words/tongue.ts";

const ROWS = 8; // of the two lists beside each other

interface Props {
  store: Store;
  ask: Ask;
  site: string;
  name: string;
  /** Whether it is the owner who looks. */
  owner: boolean;
  /** By whose clock its days begin. */
  zone: string;
  room: Room;
  language: Signal<Language>;
  look: ReturnType<typeof makeLook>;
}

export function App({ store, ask, site, name, owner, zone, room, language, look }: Props) {
  const { words } = useTongue();
  const sheet = useRef<HTMLDialogElement>(null);
  const page = useMemo(() => makePage(store, ask), [store, ask]);
  const { player } = page;
  const figures = room.at.value === "figures";
  const past = player.open.value && !figures;
  const empty = store.empty.value && !past;
  useEffect(() =>
    figures ? undefined : listen(KEYS, (action) =>
      act(action, page, {
        help: () => sheet.current?.showModal(),
        theme: look.turn,
        figures: owner ? () => room.go("figures", store.calm.value.since) : null,
        total: store.named.value,
      })), [page, look, store, figures]);
  useLayoutEffect(() => { // before what is drawn asks for its colours, in effects
    document.documentElement.dataset.moment = past ? "past" : "now";
    if (past) scrollTo({ top: 0 });
  }, [past]);
  const colors = `${look.look.value} ${past}`;
  return (
    <>
      <Header
        name={name}
        status={past ? "past" : store.status.value}
        rooms={owner && <Rooms room={room} people={store.people} since={store.calm.value.since} />}
      >
        {owner && <a class="quiet" href={`../sites/${site}`}>{words.settings}</a>}
        {!store.empty.value && !figures && (
          <button
            type="button"
            class="quiet"
            aria-pressed={past}
            onClick={() => past ? player.close() : player.show()}
          >
            {words.replay}
          </button>
        )}
        <button type="button" class="quiet" aria-label={words.help} onClick={() => sheet.current?.showModal()}>
          ?
        </button>
      </Header>
      <main>
        {figures
          ? (
            <Later
              site={site}
              zone={zone}
              since={store.calm.value.since}
              ahead={store.ahead}
              look={look}
              sheet={sheet}
              live={() => room.go("now", null)}
            />
          )
          : <Now {...{ store, ask, site, owner, page, past, empty, colors }} />}
      </main>
      <Footer language={language} />
      {!figures && <Help sheet={sheet} lines={KEYS.filter((l) => owner || l.word !== "figures")} words={words.keys} />}
    </>
  );
}

interface NowProps {
  store: Store;
  ask: Ask;
  site: string;
  owner: boolean;
  page: Page;
  past: boolean;
  empty: boolean;
  colors: string;
}

/** What is now, or what was at a moment of the replay. */
function Now({ store, ask, site, owner, page, past, empty, colors }: NowProps) {
  const { player, range, place } = page;
  return (
    <>
      <Replay player={player} />
      {!past && <Trouble status={store.status.value} heard={store.heard.value} retry={() => store.retry()} />}
      <div class="now" data-status={past ? "past" : store.status.value}>
        <div class="panel first">
          <People people={page.people} past={past} />
          {past ? <PastTrend page={page} look={colors} /> : (
            <Trend
              live={store.trend}
              ahead={store.ahead}
              fresh={store.fresh}
              range={range}
              look={colors}
              ask={(r, signal) => ask.people(r, signal)}
            />
          )}
        </div>
        {empty
          ? store.status.value !== "gone" && <Start site={site} owner={owner} />
          : <Reading pages={page.reading} elsewhere={page.elsewhere} past={past} rows={ROWS} />}
        {(!past || player.placed.value) && <Where places={page.places} look={colors} />}
        {!past && !empty && <Arrivals arrivals={store.arrivals} ahead={store.ahead} rows={ROWS} />}
      </div>
      {!past && !empty && <Totals counted={store.calm} />}
      {!past && !empty && (
        <Pages
          ranked={store.ranked}
          pages={store.pages}
          total={store.named}
          hidden={store.hidden}
          fresh={store.fresh}
          place={place}
          ask={(q, offset, limit, signal) => ask.pages(q, offset, limit, signal)}
        />
      )}
    </>
  );
}

type Page = ReturnType<typeof makePage>;

/** What the parts show: the present, or the minute that the replay is at. */
function makePage(store: Store, ask: Ask) {
  const player = new Player(
    (from, minutes, stop) => ask.replay(from, minutes, stop),
    () => Date.now() + store.ahead.value,
  );
  const countries = computed(() =>
    (player.minute.value?.countries ?? []).map(({ country, here }): PlaceLine => (
      { country, city: "", latitude: null, longitude: null, here }
    ))
  );
  return {
    player,
    range: signal<Range>("30m"),
    place: signal<Place>({ query: "", offset: 0 }),
    people: computed(() => player.open.value ? player.minute.value?.people ?? 0 : store.people.value),
    reading: computed(() => player.open.value ? player.minute.value?.pages ?? [] : store.reading.value),
    places: computed(() => player.open.value ? countries.value : store.placeList.value),
    elsewhere: computed(() => player.open.value ? 0 : store.hidden.value.here),
    series: computed(() =>
      player.minutes.value.length && player.from.value !== null
        ? replayed(player.from.value, player.minutes.value.map((minute) => minute.people))
        : null
    ),
  };
}

function PastTrend({ page, look }: { page: Page; look: string }) {
  const { words } = useTongue();
  return (
    <section class="trend" aria-labelledby="trend">
      <div class="head">
        <h2 id="trend">{words.trend}</h2>
      </div>
      <Chart series={page.series.value} mark={page.player.index.value} look={look} />
    </section>
  );
}

interface Doing {
  help(): void;
  theme(): void;
  figures: (() => void) | null;
  total: number;
}

/** What a key does; false if it does nothing now. */
function act(action: Action, { player, range, place }: Page, { help, theme, figures, total }: Doing): boolean {
  const past = player.open.value;
  const turn = (by: number) => {
    const { query, offset } = place.value;
    if (past || query) return false;
    place.value = { query, offset: clamp(offset + by, total) };
    return true;
  };
  const done = (_: unknown) => true;
  switch (action) {
    case "help":
      return done(help());
    case "theme":
      return done(theme());
    case "figures":
      return figures !== null && done(figures());
    case "search": {
      const field = document.getElementById("search");
      field?.focus();
      return field !== null;
    }
    case "next":
      return turn(SIZE);
    case "previous":
      return turn(-SIZE);
    case "replay":
      return done(past ? player.close() : player.show());
    case "live":
      return past && done(player.close());
    case "play":
      return past && done(player.toggle());
    case "back":
    case "on":
      if (past) player.pause();
      return past && done(player.go(player.index.value + (action === "on" ? 1 : -1)));
    default:
      if (!past && RANGES.includes(action)) range.value = action;
      return !past;
  }
}
