// Where people are: the map, and the same as a list.

import "./map.css";
import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { useGlide } from "../shared/motion.ts";
import { Term } from "../shared/Term.tsx";
import type { PlaceLine } from "../wire.ts";
import { useTongue } from "../words/speech.ts";
import { Atlas } from "./atlas.ts";
import { byCountry, type Country } from "./countries.ts";

declare const WORLD: string; // the name of the built map, which lies beside this script

const FIRST = 6;

interface Props {
  places: ReadonlySignal<readonly PlaceLine[]>;
  /** Changes when the colours do. */
  look: string;
}

export function Where({ places, look }: Props) {
  const { words, count } = useTongue();
  const countries = byCountry(places.value);
  const people = countries.reduce((sum, c) => sum + c.here, 0);
  const summary = words.worldMap(
    count(words.people, people),
    count(words.countries, countries.filter((c) => c.code).length),
  );
  return (
    <section class="panel where" aria-labelledby="where">
      <h2 id="where">
        <Term meaning={words.whereMeaning}>{words.where}</Term>
      </h2>
      <WorldMap places={places.value} summary={summary} look={look} />
      <Countries countries={countries} />
    </section>
  );
}

function WorldMap({ places, summary, look }: { places: readonly PlaceLine[]; summary: string; look: string }) {
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
  useEffect(() => atlas?.show(places), [atlas, places]);
  useEffect(() => atlas?.redraw(), [look]);
  return <div class="map" ref={host} role="img" aria-label={summary}></div>;
}

function Countries({ countries }: { countries: Country[] }) {
  const { words, number, count, country } = useTongue();
  const list = useRef<HTMLUListElement>(null);
  const [all, showAll] = useState(false);
  useGlide(list);
  return (
    <>
      <ul class="countries" ref={list} aria-label={words.peopleByCountry}>
        {countries.slice(0, all ? undefined : FIRST).map((c) => (
          <li key={c.code} data-key={c.code}>
            <span class="name">{country(c.code)}</span>
            <span class="cities">{cities(c, country)}</span>
            <span class="here">
              <span aria-hidden="true">{number(c.here)}</span>
              <span class="unseen">{count(words.people, c.here)}</span>
            </span>
          </li>
        ))}
      </ul>
      {!countries.length && <p class="more">{words.noPlace}</p>}
      {countries.length > FIRST && (
        <button
          type="button"
          class="quiet"
          aria-expanded={all}
          onClick={() => showAll(!all)}
        >
          {all ? words.showFewer : words.showCountries(count(words.countries, countries.length))}
        </button>
      )}
    </>
  );
}

/** The three cities with most people; a city that is its country is not named twice. */
function cities(c: Country, country: (code: string) => string): string {
  const names = c.cities.map((city) => city.name).filter((name) => name !== country(c.code));
  return names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : "");
}
