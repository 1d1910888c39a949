// deno run -A bundle.ts FILE: the page of page/ as one script.

import { build } from "esbuild";

await build({
  entryPoints: ["page/main.tsx"],
  outfile: Deno.args[0],
  bundle: true,
  format: "iife",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
});
Deno.exit(0);
