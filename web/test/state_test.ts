// A chain of deltas ends where the snapshot stands, whatever the paths are called.

import { apply, byCodePoint, ranked, read, start, type State } from "../live/stream/state.ts";
import type { Delta, PageLine as Page, PlaceLine as Place, Snapshot } from "../live/wire.ts";
import { equal } from "./equal.ts";

const EMPTY: Snapshot = {
  version: 1,
  site: "test",
  at: 0,
  people: 0,
  views: 0,
  visitors: 0,
  since: null,
  posts: 0,
  published_pages: 0,
  paths: 0,
  pages: [],
  places: [],
  trend: [0],
  arrivals: [],
  hidden: { here: 0, views: 0, paths: 0 },
};

/** The same numbers on every run: a small linear congruential generator. */
function dice(seed: number) {
  return (sides: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % sides;
}

const PATHS = ["/", "/a", "__proto__", "constructor", "/\u{1F600}", "/\uFFFD", "/é", ""];
const PLACES: Omit<Place, "here">[] = [
  { country: "DE", city: "Berlin", latitude: 52.5, longitude: 13.5 },
  { country: "DE", city: "", latitude: null, longitude: null },
  { country: "__proto__", city: "", latitude: 0, longitude: 0 },
];

/** What a server does: keeps the truth, and tells each step as a delta. */
function walk(seed: number, steps: number): { deltas: Delta[]; last: Snapshot } {
  const roll = dice(seed);
  let truth = structuredClone(EMPTY);
  const deltas: Delta[] = [];
  for (let i = 0; i < steps; i++) {
    const delta: Delta = { from: truth.version, to: truth.version + 1, at: i };
    const pages = new Map(truth.pages.map((p) => [p.path, p]));
    const places = new Map(truth.places.map((p) => [JSON.stringify({ ...p, here: 0 }), p]));
    const path = PATHS[roll(PATHS.length)];
    if (roll(4) === 0 && pages.delete(path)) delta.gone = [path];
    else {
      const page: Page = { path, title: path, type: "other", views: roll(5), here: roll(3) };
      pages.set(path, page);
      delta.pages = [page];
    }
    const place: Place = { ...PLACES[roll(PLACES.length)], here: roll(3) };
    const key = JSON.stringify({ ...place, here: 0 });
    if (place.here || places.delete(key)) delta.places = [place];
    if (place.here) places.set(key, place);
    delta.people = roll(9);
    delta.trend = Array.from({ length: 3 }, () => roll(9));
    if (roll(2)) delta.hidden = { here: roll(3), views: roll(9), paths: roll(4) };
    if (roll(3) === 0) delta.arrivals = [{ at: i, path, title: path, country: "", city: "" }];
    if (roll(2)) delta.since = 1_700_000_000_000;
    truth = {
      ...truth,
      version: delta.to,
      at: i,
      people: delta.people,
      since: delta.since ?? truth.since,
      trend: delta.trend,
      hidden: delta.hidden ?? truth.hidden,
      arrivals: delta.arrivals ?? truth.arrivals,
      pages: [...pages.values()],
      places: [...places.values()],
    };
    deltas.push(delta);
  }
  return { deltas, last: truth };
}

function seen(state: State) {
  const places = [...state.places.values()].map((p) => JSON.stringify(p)).sort();
  const { version, people, since, trend, hidden, arrivals } = state;
  return {
    version,
    people,
    since,
    trend,
    hidden,
    arrivals,
    pages: ranked(state.pages),
    reading: read(state.pages),
    places,
  };
}

Deno.test("deltas end where the snapshot stands", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const { deltas, last } = walk(seed, 200);
    const state = deltas.reduce<State | null>((s, delta) => s && apply(s, delta), start(EMPTY));
    equal(state && seen(state), seen(start(last)));
  }
});

Deno.test("a delta that does not follow changes nothing", () => {
  const state = start({ ...EMPTY, version: 7 });
  equal(apply(state, { from: 6, to: 8, at: 0, people: 5 }), null);
  equal([state.version, state.people], [7, 0]);
});

Deno.test("a delta leaves the state before it as it was", () => {
  const before = start(EMPTY);
  const page: Page = { path: "/", title: "Home", type: "home", views: 1, here: 1 };
  apply(before, { from: 1, to: 2, at: 0, people: 1, pages: [page] });
  equal([before.people, before.pages.size], [0, 0]);
});

Deno.test("pages are ordered by views, then by code point", () => {
  const paths = ["\u{1F600}", "\uFFFD", "b", "a", "ab", ""]; // in UTF-16 the emoji would come before U+FFFD
  equal([...paths].sort(byCodePoint), ["", "a", "ab", "b", "\uFFFD", "\u{1F600}"]);
  const pages = paths.map((path, views): Page => ({ path, title: path, type: "other", views: views % 2, here: 0 }));
  const order = ranked(start({ ...EMPTY, pages }).pages).map((p) => [p.views, p.path]);
  equal(order, [[1, ""], [1, "a"], [1, "\uFFFD"], [0, "ab"], [0, "b"], [0, "\u{1F600}"]]);
});
