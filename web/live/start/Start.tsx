// What a site shows before its first reader: the one line that makes it count.

import "./start.css";
import { useState } from "preact/hooks";

export function Start({ site }: { site: string }) {
  const line = `<script defer src="${new URL("../f.js", location.href)}" data-site="${site}"></script>`;
  const [copied, setCopied] = useState("");
  const copy = () =>
    navigator.clipboard.writeText(line).then(() => setCopied("Copied."), () => setCopied("Please copy it by hand."));
  return (
    <section class="start" aria-labelledby="start">
      <h2 id="start">Waiting for the first reader</h2>
      <p>
        Put this line into the pages that you want to count, inside <code>&lt;head&gt;</code>:
      </p>
      <pre tabIndex={0} aria-label="The line to copy"><code>{line}</code></pre>
      <p class="copy">
        {"clipboard" in navigator && <button type="button" class="strong" onClick={copy}>Copy the line</button>}
        <span role="status">{copied}</span>
      </p>
      <p class="hint">Then open one of them. This page changes by itself the moment someone comes.</p>
    </section>
  );
}
