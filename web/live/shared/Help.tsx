// The sheet that explains the keys. A modal dialog: the browser keeps the focus in it and gives it back afterwards.

import "./help.css";
import type { RefObject } from "preact";
import { useTongue } from "../words/speech.ts";
import type { Line } from "./keys.ts";

interface Props<Word extends string> {
  sheet: RefObject<HTMLDialogElement | null>;
  lines: Line<Word, string>[];
  words: Record<Word, string>;
}

export function Help<Word extends string>({ sheet, lines, words: meanings }: Props<Word>) {
  const { words } = useTongue();
  const close = () => sheet.current?.close();
  return (
    <dialog class="help" ref={sheet} aria-labelledby="help" onClick={(e) => e.target === sheet.current && close()}>
      <div class="sheet">
        <h2 id="help">{words.help}</h2>
        <dl>
          {lines.map(({ word, keys }) => (
            <div key={word}>
              <dt>{keys.map(([, cap]) => <kbd key={cap}>{cap}</kbd>)}</dt>
              <dd>{meanings[word]}</dd>
            </div>
          ))}
        </dl>
        <button type="button" class="strong" onClick={close}>{words.close}</button>
      </div>
    </dialog>
  );
}
