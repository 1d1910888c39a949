// The world as the map draws it: projected here, once, so that the browser needs no geography library.
// Borders come from Natural Earth 1:110m; the point that stands for a country from 1:50m, which has the small ones too.

import fs from "node:fs";
import { geoArea, geoNaturalEarth1, type GeoPath, geoPath } from "d3-geo";
import { iso31661 } from "iso-3166";
import type { Feature, MultiPolygon, Polygon, Position } from "geojson";
import polylabel from "polylabel";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import type { World } from "../live/map/world.ts";

type Country = Feature<Polygon | MultiPolygon, { name: string }>;

const ANTARCTICA = "010"; // nobody reads there, and it would take a fifth of the map
const WIDTH = 960;

// Places with a country code of their own that the atlas draws as part of another country or leaves out: [latitude, longitude].
const EXTRA: Record<string, [number, number]> = {
  BQ: [12.2, -68.3],
  CC: [-12.2, 96.8],
  CX: [-10.5, 105.6],
  GF: [4, -53],
  GI: [36.1, -5.3],
  GP: [16.2, -61.5],
  MQ: [14.7, -61],
  RE: [-21.1, 55.5],
  SJ: [78.5, 16],
  TK: [-9.2, -171.8],
  TV: [-8.5, 179.2],
  YT: [-12.8, 45.1],
};

export function countries(scale: "110m" | "50m"): Country[] {
  const atlas: Topology = JSON.parse(fs.readFileSync(`node_modules/world-atlas/countries-${scale}.json`, "utf8"));
  const all = feature(atlas, atlas.objects.countries as GeometryCollection<{ name: string }>).features as Country[];
  return all.filter((c) => c.id !== ANTARCTICA);
}

const CODES = new Map(iso31661.map((c) => [c.numeric, c.alpha2]));
/** Two letters, or "" where nobody assigned any. The atlas gives Kosovo no number. */
export const code = (c: Country) => CODES.get(String(c.id)) ?? (c.properties.name === "Kosovo" ? "XK" : "");

/** The point furthest from every border inside the largest part of a country: [longitude, latitude]. */
export function label(country: Country): [number, number] {
  const { geometry } = country;
  const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  const area = (coordinates: Position[][]) => geoArea({ type: "Polygon", coordinates });
  const largest = parts.reduce((a, b) => (area(b) > area(a) ? b : a));
  const [longitude, latitude] = polylabel(largest as [number, number][][], 0.005);
  return [longitude, latitude];
}

/** An SVG path of whole tenths, each point relative to the one before: half the size of absolute ones. */
function outline(draw: GeoPath, country: Country): string {
  const rings = (draw(country) ?? "").split("M").slice(1);
  return rings.map((ring) => {
    const points = ring.replace("Z", "").split("L").map((p) => p.split(",").map((v) => Math.round(Number(v) * 10)));
    let [x, y] = points[0];
    const start = `M${x},${y}l`;
    const steps: string[] = [];
    for (const [a, b] of points.slice(1)) {
      if (a !== x || b !== y) steps.push(`${a - x},${b - y}`);
      [x, y] = [a, b];
    }
    return steps.length > 1 ? `${start}${steps.join(" ")}z`.replace(/[ ,]-/g, "-") : "";
  }).join("");
}

export function world(): World {
  const shapes = countries("110m");
  const projection = geoNaturalEarth1().fitWidth(WIDTH, { type: "Sphere" });
  const draw = geoPath(projection).digits(1);
  const height = Math.ceil(draw.bounds({ type: "FeatureCollection", features: shapes })[1][1]);
  const points: World["points"] = {};
  const place = (iso: string, at: [number, number]) => {
    points[iso] = projection(at)!.map((v) => Math.round(v * 10)) as [number, number];
  };
  for (const [iso, [latitude, longitude]] of Object.entries(EXTRA)) place(iso, [longitude, latitude]);
  const bySize = countries("50m").sort((a, b) => geoArea(a) - geoArea(b)); // islands of a country stand apart with its code
  for (const country of bySize) if (code(country)) place(code(country), label(country));
  return {
    width: WIDTH,
    height,
    scale: projection.scale(),
    translate: projection.translate(),
    countries: shapes.map((c) => [code(c), outline(draw, c)]),
    points,
  };
}
