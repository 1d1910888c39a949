// Places gathered by country, for the list that says the same as the map. Pure.

import type { PlaceLine } from "../wire.ts";

export interface Country {
  code: string;
  here: number;
  cities: { name: string; here: number }[];
}

/** Most people first, then by code; last the code "", which is every country that is not told. */
export function byCountry(places: readonly PlaceLine[]): Country[] {
  const countries = new Map<string, { here: number; cities: Map<string, number> }>();
  const add = (code: string, city: string, here: number) => {
    const country = countries.get(code) ?? { here: 0, cities: new Map<string, number>() };
    country.here += here;
    if (city) country.cities.set(city, (country.cities.get(city) ?? 0) + here);
    countries.set(code, country);
  };
  for (const place of places) add(place.country, place.city, place.here);
  const most = <T extends { here: number }>(name: (t: T) => string) => (a: T, b: T) =>
    b.here - a.here || (name(a) < name(b) ? -1 : 1);
  return [...countries].map(([code, { here, cities }]) => ({
    code,
    here,
    cities: [...cities].map(([name, here]) => ({ name, here })).sort(most((c) => c.name)),
  })).sort((a, b) => Number(!a.code) - Number(!b.code) || most<Country>((c) => c.code)(a, b));
}
