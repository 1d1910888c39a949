// Builds everything the server hands out, into the folder named by the first argument:
//
//   f.js              the script that counted pages carry            (tracker/)
//   live.html         the page at /s/{site}, with placeholders        (live/)
//   assets/*          its scripts, styles, icon and map, named by their content: immutable
//   inline/embed.js   the script of the card at /embed/{site}, which carries it within
//   *.br, *.gz        the same, compressed as far as it goes
//
// The server replaces in live.html, wherever they stand:
//   __SITE__       the site's id, HTML-escaped
//   __NAME__       its name, the id if it has none, HTML-escaped
//   __ZONE__       its time zone, HTML-escaped
//   __SNAPSHOT__   the JSON of GET /api/live/{site}, with every "<" written as \u003c
//   __ROLE__       "owner" or "stranger": who looks
//   __WARNINGS__   markup for the site's owner: <p class="warning">...</p> each; nothing for everyone else
//   __PEOPLE__ __VIEWS__ __VISITORS__   the numbers of the same snapshot
// The JSON sits in a block that is data, not a script, so the page needs no hash or nonce in its policy. Every address is
// relative to /s/{site}, so that the whole can be mounted under a prefix.
//
// Run by hatch_build.py with deno; `deno task test` checks and tests what is here.

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { build, type Metafile } from "esbuild";
import { world } from "./build/world.ts";

const SCRIPT_LIMITS = { "f.js": 1_100, "f.scroll.js": 1_250 }; // bytes gzipped: every reader of every counted page pays them
const CARD_LIMIT = 5_000; // bytes of the card's script as it is: every reader of a page with a card pays them
const ENTRY = "live/main.tsx";
const FIGURES = "live/figures/Figures.tsx";
const FIRST_LIMIT = 60_000; // bytes of the live page brotlied, before it loads anything by itself
const ALL_LIMIT = 110_000; // with the map and the chart
const FIGURES_LIMIT = 40_000; // what the room of figures adds to both, when it is entered

const out = path.resolve(Deno.args[0]);
const gzip = (body: Uint8Array) => zlib.gzipSync(body, { level: 9 });
const brotli = (body: Uint8Array) =>
  zlib.brotliCompressSync(body, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 } });

/** Writes a file whose name tells its content. Returns that name. */
function asset(name: string, body: string | Uint8Array): string {
  const { name: stem, ext } = path.parse(name);
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 10);
  fs.writeFileSync(path.join(out, "assets", `${stem}-${hash}${ext}`), body);
  return `${stem}-${hash}${ext}`;
}

/** The script that counted pages carry, without and with scroll depth. */
async function script(name: keyof typeof SCRIPT_LIMITS) {
  const scroll = name == "f.scroll.js";
  // "esm" only because it adds no wrapper: f.js is one function that calls itself, and exports nothing. What stands beside that
  // function in the other one must not get into the names of other people's pages
  const { outputFiles } = await build({
    entryPoints: ["tracker/f.ts"],
    bundle: true,
    minify: true,
    format: scroll ? "iife" : "esm",
    target: "es2021",
    define: { SCROLL: String(scroll) },
    write: false,
  });
  const body = outputFiles[0].contents;
  const size = gzip(body).length;
  if (size > SCRIPT_LIMITS[name]) {
    throw new Error(`${name} has ${size} bytes gzipped, more than ${SCRIPT_LIMITS[name]}`);
  }
  console.log(`${name}: ${body.length} bytes, ${size} gzipped`);
  fs.writeFileSync(path.join(out, name), body);
}

/** What the card carries. */
async function card() {
  const [outdir, entryPoints] = [path.join(out, "inline"), ["live/embed.ts"]];
  await build({ entryPoints, bundle: true, minify: true, format: "iife", target: "es2022", outdir });
  const size = fs.statSync(path.join(outdir, "embed.js")).size;
  if (size > CARD_LIMIT) throw new Error(`embed.js has ${size} bytes, more than ${CARD_LIMIT}`);
  console.log(`embed.js: ${size} bytes`);
}

/** The style of the room of figures: a file of its own, because it is loaded with that room. */
async function figuresStyle(): Promise<string> {
  const entryPoints = ["live/figures/figures.css"];
  const { outputFiles } = await build({ entryPoints, bundle: true, minify: true, write: false, target: "es2022" });
  return asset("figures.css", outputFiles[0].contents);
}

/** The live page, with its script and style; parts that are loaded later on are files of their own. */
async function page(figuresCss: string): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: { live: ENTRY },
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    conditions: ["production"],
    define: { WORLD: JSON.stringify(MAP), FIGURES_CSS: JSON.stringify(figuresCss) },
    outdir: path.join(out, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    metafile: true,
  });
  const [js, { cssBundle }] = Object.entries(metafile.outputs).find(([, made]) => made.entryPoint === ENTRY)!;
  let html = fs.readFileSync("live/live.html", "utf8");
  const names = { __JS__: js, __CSS__: cssBundle!, __ICON__: asset("icon.svg", fs.readFileSync("live/icon.svg")) };
  for (const [mark, file] of Object.entries(names)) html = html.replaceAll(mark, `../assets/${path.basename(file)}`);
  fs.writeFileSync(path.join(out, "live.html"), html);
  return metafile;
}

/** What a reader of the live page downloads, brotli: at once, with the map and the chart, and with figures. */
function weigh({ outputs }: Metafile, figuresCss: string) {
  const size = (file: string) => brotli(fs.readFileSync(file)).length;
  const live = Object.entries(outputs).find(([, o]) => o.entryPoint === ENTRY)!;
  const asset = (name: string) => path.join(out, "assets", name);
  const reach = (file: string, follow: (next: string, lazily: boolean) => boolean): Set<string> => {
    const found = new Set([file]);
    for (const { path: next, kind } of outputs[file].imports) {
      if (outputs[next] && follow(next, kind === "dynamic-import")) {
        for (const f of reach(next, follow)) found.add(f);
      }
    }
    return found;
  };
  const total = (follow: (next: string, lazily: boolean) => boolean, ...more: string[]) => {
    const files = [...reach(live[0], follow), live[1].cssBundle!, path.join(out, "live.html"), ...more];
    return files.reduce((sum, file) => sum + size(file), 0);
  };
  const first = total((_, lazily) => !lazily);
  const all = total((next) => outputs[next].entryPoint !== FIGURES, asset(MAP));
  const figures = total(() => true, asset(MAP), asset(figuresCss)) - all;
  console.log(`live.html: ${first} bytes brotli at first, ${all} with map and chart; figures add ${figures}`);
  if (first > FIRST_LIMIT || all > ALL_LIMIT || figures > FIGURES_LIMIT) {
    throw new Error(`more than ${FIRST_LIMIT} at first, ${ALL_LIMIT} in all, or ${FIGURES_LIMIT} for figures`);
  }
}

function compress() {
  for (const file of fs.readdirSync(out, { recursive: true }) as string[]) {
    if (!/\.(js|css|svg|json)$/.test(file)) continue; // pages are filled in for each request
    const body = fs.readFileSync(path.join(out, file));
    fs.writeFileSync(path.join(out, `${file}.br`), brotli(body));
    fs.writeFileSync(path.join(out, `${file}.gz`), gzip(body));
  }
}

fs.mkdirSync(path.join(out, "assets"), { recursive: true });
const MAP = asset("world.json", JSON.stringify(world()));
await script("f.js");
await script("f.scroll.js");
const figuresCss = await figuresStyle();
weigh(await page(figuresCss), figuresCss);
compress();
await card(); // after that: it is sent as a part of a page
