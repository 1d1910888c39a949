// Builds everything the server hands out, into the folder named by the first argument:
//
//   f.js              the script that counted pages carry            (tracker/)
//   live.html         the page at /s/{site}, with placeholders        (live/)
//   assets/*          its script, style, icon and map, named by their content: immutable
//   *.br, *.gz        the same, compressed as far as it goes
//
// The server replaces in live.html, wherever they stand:
//   __SITE__       the site's id, HTML-escaped
//   __SNAPSHOT__   the JSON of GET /api/live/{site}, with every "<" written as \u003c
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
import { build } from "esbuild";
import { world } from "./build/world.ts";

const SCRIPT_LIMIT = 1_100; // bytes of f.js gzipped: every reader of every counted page pays them

const out = path.resolve(Deno.args[0]);
const gzip = (body: Uint8Array) => zlib.gzipSync(body, { level: 9 });

/** Writes a file whose name tells its content. Returns that name. */
function asset(name: string, body: string | Uint8Array): string {
  const { name: stem, ext } = path.parse(name);
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 10);
  fs.writeFileSync(path.join(out, "assets", `${stem}-${hash}${ext}`), body);
  return `${stem}-${hash}${ext}`;
}

async function script() {
  // "esm" only because it adds no wrapper: the file is one function that calls itself, and exports nothing
  const { outputFiles } = await build({
    entryPoints: ["tracker/f.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2021",
    write: false,
  });
  const body = outputFiles[0].contents;
  const size = gzip(body).length;
  if (size > SCRIPT_LIMIT) throw new Error(`f.js has ${size} bytes gzipped, more than ${SCRIPT_LIMIT}`);
  console.log(`f.js: ${body.length} bytes, ${size} gzipped`);
  fs.writeFileSync(path.join(out, "f.js"), body);
}

async function page() {
  const { outputFiles } = await build({
    entryPoints: ["live/main.tsx"],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    conditions: ["production"],
    define: { WORLD: JSON.stringify(asset("world.json", JSON.stringify(world()))) },
    outdir: "unused",
    write: false,
  });
  let html = fs.readFileSync("live/live.html", "utf8");
  const names = {
    __JS__: asset("live.js", outputFiles.find((f) => f.path.endsWith(".js"))!.contents),
    __CSS__: asset("live.css", outputFiles.find((f) => f.path.endsWith(".css"))!.contents),
    __ICON__: asset("icon.svg", fs.readFileSync("live/icon.svg")),
  };
  for (const [mark, name] of Object.entries(names)) html = html.replaceAll(mark, `../assets/${name}`);
  fs.writeFileSync(path.join(out, "live.html"), html);
}

function compress() {
  for (const file of fs.readdirSync(out, { recursive: true }) as string[]) {
    if (!/\.(js|css|svg|json)$/.test(file)) continue; // live.html is filled in for each request
    const body = fs.readFileSync(path.join(out, file));
    const quality = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 };
    fs.writeFileSync(path.join(out, `${file}.br`), zlib.brotliCompressSync(body, { params: quality }));
    fs.writeFileSync(path.join(out, `${file}.gz`), gzip(body));
  }
}

fs.mkdirSync(path.join(out, "assets"), { recursive: true });
await script();
await page();
compress();
