// The present of a site, from a snapshot and the deltas after it. Pure: knows no browser, no signal, no clock.

import type { Delta, PageLine, PlaceLine, Snapshot } from "../wire.ts";

/** Maps, not objects: a path may be called "__proto__". */
export interface State extends Omit<Snapshot, "pages" | "places"> {
  pages: ReadonlyMap<string, PageLine>;
  places: ReadonlyMap<string, PlaceLine>;
}

/** What a delta carries whole. */
const WHOLE = [
  "people",
  "views",
  "visitors",
  "since",
  "posts",
  "published_pages",
  "paths",
  "trend",
  "arrivals",
  "hidden",
] as const;

export const placeKey = (p: PlaceLine) => JSON.stringify([p.country, p.city, p.latitude, p.longitude]);

export function start(s: Snapshot): State {
  return {
    ...s,
    pages: new Map(s.pages.map((page) => [page.path, page])),
    places: new Map(s.places.map((place) => [placeKey(place), place])),
  };
}

/** The state after a delta, or null if the delta does not follow on this one: then only a snapshot helps. */
export function apply(state: State, delta: Delta): State | null {
  if (delta.from !== state.version) return null;
  const next = { ...state, version: delta.to, at: delta.at };
  for (const name of WHOLE) {
    if (delta[name] !== undefined) (next[name] as unknown) = delta[name];
  }
  if (delta.pages?.length || delta.gone?.length) {
    const pages = new Map(state.pages);
    for (const page of delta.pages ?? []) pages.set(page.path, page);
    for (const path of delta.gone ?? []) pages.delete(path);
    next.pages = pages;
  }
  if (delta.places?.length) {
    const places = new Map(state.places);
    for (const place of delta.places) {
      if (place.here) places.set(placeKey(place), place);
      else places.delete(placeKey(place));
    }
    next.places = places;
  }
  return next;
}

/** Most viewed first, then by path: the order of a snapshot. */
export function ranked(pages: State["pages"]): PageLine[] {
  return [...pages.values()].sort((a, b) => b.views - a.views || byCodePoint(a.path, b.path));
}

/** Pages that someone reads now, most readers first. */
export function read(pages: State["pages"]): PageLine[] {
  return [...pages.values()].filter((page) => page.here > 0)
    .sort((a, b) => b.here - a.here || byCodePoint(a.path, b.path));
}

// JavaScript compares UTF-16 units, in which characters beyond U+FFFF come before some that they should follow
const rank = (unit: number) => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
  }
  return a.length - b.length;
}
