// The stream may be cut anywhere: the messages are the same.

import { type Message, Messages } from "../live/stream/messages.ts";

const TEXT =
  'retry: 2500\n\nevent: snapshot\ndata: {"a":\ndata: 1}\nid: 7\n\n: keep-alive\n\nevent: delta\r\ndata: {"b":"x: y"}\r\n\r\ndata: bare\n\n';
const EXPECTED: Message[] = [
  { event: "snapshot", data: '{"a":\n1}' },
  { event: "delta", data: '{"b":"x: y"}' },
  { event: "message", data: "bare" },
];

Deno.test("messages are the same however the stream is cut", () => {
  for (let size = 1; size <= TEXT.length; size++) {
    const messages = new Messages();
    const got: Message[] = [];
    for (let i = 0; i < TEXT.length; i += size) got.push(...messages.push(TEXT.slice(i, i + size)));
    if (JSON.stringify(got) !== JSON.stringify(EXPECTED)) {
      throw new Error(`in pieces of ${size}: ${JSON.stringify(got)}`);
    }
  }
});

Deno.test("a message that has not ended is not given out", () => {
  const messages = new Messages();
  if (messages.push("data: half").length) throw new Error("too early");
  if (messages.push("\n\n")[0].data !== "half") throw new Error("lost");
});
