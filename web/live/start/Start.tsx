// What a site shows before its first reader: to its owner the one line that makes it count.

import "./start.css";
import { useState } from "preact/hooks";
import { useTongue } from "../words/speech.ts";

export function Start({ site, owner }: { site: string; owner: boolean }) {
  const { words } = useTongue();
  return (
    <section class="panel start" aria-labelledby="start">
      <h2 id="start">{words.startTitle}</h2>
      {owner && <Line site={site} />}
      <p class="hint">{words.startMoves}</p>
    </section>
  );
}

function Line({ site }: { site: string }) {
  const { words } = useTongue();
  const line = `<script defer src="${new URL("../f.js", location.href)}" data-site="${site}"></script>`;
  const [copied, setCopied] = useState("");
  const copy = () =>
    navigator.clipboard.writeText(line).then(() => setCopied(words.startCopied), () => setCopied(words.startByHand));
  return (
    <>
      <p>{words.startLine}</p>
      <pre tabIndex={0} aria-label={words.startLabel}><code>{line}</code></pre>
      <p class="copy">
        {"clipboard" in navigator && <button type="button" class="strong" onClick={copy}>{words.startCopy}</button>}
        <span role="status">{copied}</span>
      </p>
      <p class="hint">{words.startHint}</p>
    </>
  );
}
