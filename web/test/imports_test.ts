// The parts of the page know nothing of each other: only the files of live/ itself put them together.

import fs from "node:fs";
import path from "node:path";
import { equal } from "./equal.ts";

const LIVE = new URL("../live/", import.meta.url).pathname;
const COMMON = ["shared", "words", "."]; // "." is live/ itself, of which only wire.ts is for everybody

const files = (fs.readdirSync(LIVE, { recursive: true }) as string[]).filter((f) => /\.tsx?$/.test(f));
const folder = (file: string) => path.dirname(file).split("/")[0];

function imports(file: string): string[] {
  const text = fs.readFileSync(path.join(LIVE, file), "utf8");
  const found = [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map(([, name]) => name);
  return found.map((name) => path.normalize(path.join(path.dirname(file), name)));
}

Deno.test("a part imports only itself, what is common, and the wire", () => {
  const wrong: string[] = [];
  for (const file of files) {
    if (folder(file) === ".") continue;
    for (const found of imports(file)) {
      const of = folder(found);
      const fine = of === folder(file) || COMMON.includes(of);
      if (!fine || of === "." && !["wire.ts", "style.css"].includes(found)) wrong.push(`${file} imports ${found}`);
    }
  }
  equal(wrong, []);
});

Deno.test("what is common knows no part", () => {
  const wrong = files.filter((f) => ["shared", "words"].includes(folder(f)))
    .flatMap((f) => imports(f).filter((i) => !["shared", "words", "."].includes(folder(i))).map((i) => `${f}: ${i}`));
  equal(wrong, []);
});

Deno.test("the stream imports nothing that draws", () => {
  for (const file of files.filter((f) => folder(f) === "stream")) {
    const text = fs.readFileSync(path.join(LIVE, file), "utf8");
    if (/"preact|"uplot|\.css"/.test(text)) throw new Error(file);
  }
});
