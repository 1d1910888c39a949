// The buttons below a table that shows so many rows at a time.

import "./turn.css";
import { useTongue } from "../words/speech.ts";
import { within } from "./paging.ts";

interface Props {
  offset: number;
  size: number;
  total: number;
  /** With buttons for the first and the last rows. */
  ends?: boolean;
  go(offset: number): void;
}

export function Turn({ offset, size, total, ends, go }: Props) {
  const { words, number } = useTongue();
  const button = (name: string, to: number, sign: string) => {
    const there = within(to, total, size);
    return (
      <button type="button" class="quiet" disabled={there === offset} aria-label={name} onClick={() => go(there)}>
        {sign}
      </button>
    );
  };
  return (
    <nav class="turn" aria-label={words.paging}>
      {ends && button(words.first, 0, "«")}
      {button(words.previous, offset - size, "‹")}
      <span>{words.span(number(offset + 1), number(Math.min(offset + size, total)), number(total))}</span>
      {button(words.next, offset + size, "›")}
      {ends && button(words.last, total, "»")}
    </nav>
  );
}
