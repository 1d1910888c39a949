// Server-Sent Events out of text as it arrives. Read by hand because EventSource hides what the page must know:
// the status of a refused request, and the comments that tell a quiet stream from a dead one.

export interface Message {
  event: string;
  data: string;
}

export class Messages {
  #rest = "";

  /** Takes a piece of the stream. Returns the messages that it completes. */
  push(text: string): Message[] {
    const blocks = (this.#rest + text).split(/\r?\n\r?\n/);
    this.#rest = blocks.pop()!;
    return blocks.map(message).filter((m) => m !== null);
  }
}

function message(block: string): Message | null {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return data.length ? { event, data: data.join("\n") } : null;
}
