// Where people are: the map, and the same as a list.

import "./map.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { count, country, number } from "../shared/format.ts";
import { useGlide } from "../shared/motion.ts";
import { Term } from "../shared/Term.tsx";
import type { Store } from "../stream/store.ts";
import { Atlas } from "./atlas.ts";
import { byCountry, type Country } from "./countries.ts";

declare const WORLD: string; // the name of the built map, which lies beside this script

const FIRST = 6;
const MEANING =
  "The country or the rounded place that an address belongs to; no address is stored. On a public page places " +
  "follow the pages half a minute later, so that nobody can be watched.";

export function Where({ store }: { store: Store }) {
  const countries = byCountry(store.places.value);
  const placed = count(countries.reduce((sum, c) => sum + c.here, 0), "person", "people");
  const summary = `World map: ${placed} in ${count(countries.length, "country", "countries")}`;
  return (
    <section class="panel where" aria-labelledby="where">
      <h2 id="where">
        <Term meaning={MEANING}>Where they are</Term>
      </h2>
      <WorldMap store={store} summary={summary} />
      <Countries countries={countries} />
    </section>
  );
}

function WorldMap({ store, summary }: { store: Store; summary: string }) {
  const host = useRef<HTMLDivElement>(null);
  const [atlas, setAtlas] = useState<Atlas>();
  useEffect(() => {
    let made: Atlas | undefined;
    const stop = new AbortController();
    fetch(new URL(WORLD, import.meta.url), { signal: stop.signal })
      .then((answer) => answer.json())
      .then((world) => setAtlas(made = new Atlas(host.current!, world)))
      .catch(() => {/* no map then: the list says the same */});
    return () => {
      stop.abort();
      made?.destroy();
    };
  }, []);
  useEffect(() => atlas?.show(store.places.value), [atlas, store.places.value]);
  return <div class="map" ref={host} role="img" aria-label={summary}></div>;
}

function Countries({ countries }: { countries: Country[] }) {
  const list = useRef<HTMLUListElement>(null);
  const [all, showAll] = useState(false);
  useGlide(list);
  return (
    <>
      <ul class="countries" ref={list} aria-label="People by country">
        {countries.slice(0, all ? undefined : FIRST).map((c) => (
          <li key={c.code} data-key={c.code}>
            <span class="name">{country(c.code)}</span>
            <span class="cities">{cities(c)}</span>
            <span class="here">{number(c.here)}</span>
          </li>
        ))}
      </ul>
      {!countries.length && <p class="more">No place is known of anybody here.</p>}
      {countries.length > FIRST && (
        <button
          type="button"
          class="quiet"
          aria-expanded={all}
          onClick={() => showAll(!all)}
        >
          {all ? "Show fewer" : `Show all ${number(countries.length)} countries`}
        </button>
      )}
    </>
  );
}

/** The three cities with most people; a city that is its country is not named twice. */
function cities(c: Country): string {
  const names = c.cities.map((city) => city.name).filter((name) => name !== country(c.code));
  return names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : "");
}
