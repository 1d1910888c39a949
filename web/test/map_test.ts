// The dots lie where the borders say they should.

import { geoContains, geoDistance, geoNaturalEarth1 } from "d3-geo";
import { code, countries, label, world } from "../build/world.ts";
import { byCountry } from "../live/map/countries.ts";
import { projector } from "../live/map/project.ts";

Deno.test("the browser projects as the build does", () => {
  const { scale, translate } = world();
  const theirs = geoNaturalEarth1().scale(scale).translate(translate);
  const ours = projector(scale, translate);
  for (let longitude = -180; longitude <= 180; longitude += 7) {
    for (let latitude = -90; latitude <= 90; latitude += 5) {
      const [a, b] = [theirs([longitude, latitude])!, ours(longitude, latitude)];
      const off = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (off > 1e-6) throw new Error(`${off} pixels off at ${longitude}, ${latitude}`);
    }
  }
});

Deno.test("a country is shown at a point inside it", () => {
  for (const country of countries("50m")) {
    const at = label(country);
    if (geoContains(country, at)) continue;
    const [first] = country.geometry.coordinates.flat(country.geometry.type === "Polygon" ? 1 : 2) as [
      number,
      number,
    ][];
    const degrees = geoDistance(at, first) * 180 / Math.PI;
    if (degrees > 0.1) throw new Error(`${country.properties.name} at ${at}`); // smaller than its own outline is drawn
  }
});

Deno.test("every country of the map and the small ones have a point on the map", () => {
  const { points, width, height } = world();
  const codes = [...countries("110m").map(code).filter(Boolean), "SG", "MT", "MC", "GI", "TV", "XK"];
  for (const iso of codes) {
    const [x, y] = points[iso] ?? [];
    if (!(x > 0 && x < width * 10 && y > 0 && y < height * 10)) throw new Error(`${iso} at ${x}, ${y}`);
  }
  if (points.AU[1] < points.ID[1]) throw new Error("Australia stands on one of its islands");
});

Deno.test("the list says how many people are in which country", () => {
  const berlin = { country: "DE", city: "Berlin", latitude: 52.5, longitude: 13.5, here: 2 };
  const somewhere = { country: "DE", city: "", latitude: null, longitude: null, here: 1 };
  const paris = { country: "FR", city: "Paris", latitude: 49, longitude: 2, here: 1 };
  const got = JSON.stringify(byCountry([paris, berlin, somewhere]));
  const expected = JSON.stringify([
    { code: "DE", here: 3, cities: [{ name: "Berlin", here: 2 }] },
    { code: "FR", here: 1, cities: [{ name: "Paris", here: 1 }] },
  ]);
  if (got !== expected) throw new Error(got);
});

Deno.test("the room that the page keeps for the map has the map's shape", () => {
  const { width, height } = world();
  const css = Deno.readTextFileSync(new URL("../live/map/map.css", import.meta.url));
  if (!css.includes(`aspect-ratio: ${width} / ${height};`)) throw new Error(`map.css: not ${width} / ${height}`);
});
