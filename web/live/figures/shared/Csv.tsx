// Hands over rows as a file.

import { useState } from "preact/hooks";
import { useSpeech } from "../words/speech.ts";

interface Props {
  /** What it is called for those who listen. */
  name: string;
  file: string;
  load(): Promise<Blob>;
}

export function Csv({ name, file, load }: Props) {
  const { words } = useSpeech();
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const address = URL.createObjectURL(await load());
      Object.assign(document.createElement("a"), { href: address, download: `${file}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(address)); // when the browser has begun to take it
    } catch { /* the bar of trouble says so */ }
    setBusy(false);
  };
  return (
    <button type="button" class="quiet csv" aria-label={name} aria-busy={busy} disabled={busy} onClick={save}>
      {words.csv}
    </button>
  );
}
