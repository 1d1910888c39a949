// One real npm client, told what to do by lines on stdin: {"id", "do", ...} each, answered by {"id", "result"} or {"id", "error"}.
//
//   deno run -A driver.ts http|socket newest|1.16 ADDRESS
//
// Commands: query, mutation, action {path, args}; admin {key}; watch {clients}: so many clients of their own subscribe to
// getStats; seen: the last value of each of them, and how many values each got; close.

import * as newest from "convex/browser";
import * as old from "convex-1.16/browser";

const [kind, version, address] = Deno.args;
const { ConvexClient, ConvexHttpClient } = version === "newest" ? newest : (old as unknown as typeof newest);
const http = kind === "http";
const client = http ? new ConvexHttpClient(address) : new ConvexClient(address);
const watchers: { client: newest.ConvexClient; values: unknown[]; errors: string[] }[] = [];

async function perform(command: any): Promise<unknown> {
  const { path, args } = command;
  switch (command.do) {
    case "query":
      return await client.query(path, args);
    case "consistent":
      return await (client as newest.ConvexHttpClient).consistentQuery(path, args);
    case "mutation":
      return await client.mutation(path, args);
    case "action":
      return await client.action(path, args);
    case "admin":
      if (http) (client as any).setAdminAuth(command.key);
      else (client as any).client.setAdminAuth(command.key);
      return null;
    case "watch":
      for (let n = 0; n < command.clients; n++) {
        const watcher = { client: new ConvexClient(address), values: [] as unknown[], errors: [] as string[] };
        watchers.push(watcher);
        watcher.client.onUpdate(
          "stats:getStats" as never,
          {},
          (value) => void watcher.values.push(value),
          (error) => void watcher.errors.push(error.message),
        );
      }
      return null;
    case "seen":
      return watchers.map(({ values, errors }) => ({ last: values.at(-1) ?? null, values: values.length, errors }));
    case "close":
      await Promise.all([
        ...watchers.map((watcher) => watcher.client.close()),
        (client as newest.ConvexClient).close?.(),
      ]);
      return null;
  }
  throw new Error(`no command ${command.do}`);
}

function say(line: unknown) {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(line) + "\n"));
}

let text = "";
for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (text + chunk).split("\n");
  text = lines.pop()!;
  for (const line of lines) {
    const command = JSON.parse(line);
    perform(command).then(
      (result) => say({ id: command.id, result: result ?? null }),
      (error) => say({ id: command.id, error: String(error.message) }),
    );
  }
}
Deno.exit(0);
