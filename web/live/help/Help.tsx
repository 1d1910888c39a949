// The sheet that explains the keys. A modal dialog: the browser keeps the focus in it and gives it back afterwards.

import "./help.css";
import type { RefObject } from "preact";
import { useTongue } from "../words/speech.ts";
import { KEYS } from "./keys.ts";

export function Help({ sheet }: { sheet: RefObject<HTMLDialogElement | null> }) {
  const { words } = useTongue();
  const close = () => sheet.current?.close();
  return (
    <dialog class="help" ref={sheet} aria-labelledby="help" onClick={(e) => e.target === sheet.current && close()}>
      <div class="sheet">
        <h2 id="help">{words.help}</h2>
        <dl>
          {KEYS.map(({ word, keys }) => (
            <div key={word}>
              <dt>{keys.map(([, cap]) => <kbd key={cap}>{cap}</kbd>)}</dt>
              <dd>{words.keys[word]}</dd>
            </div>
          ))}
        </dl>
        <button type="button" class="strong" onClick={close}>{words.close}</button>
      </div>
    </dialog>
  );
}
