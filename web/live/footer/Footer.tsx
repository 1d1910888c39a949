// What this page is, and in which language.

import "./footer.css";
import type { Signal } from "@preact/signals";
import { useTongue } from "../words/speech.ts";
import { isLanguage, type Language, LANGUAGES } from "../words/tongue.ts";

export function Footer({ language }: { language: Signal<Language> }) {
  const { words } = useTongue();
  return (
    <footer class="bottom">
      <p>{words.bottom}</p>
      <label>
        <span class="unseen">{words.language}</span>
        <select
          value={language.value}
          onChange={(e) => isLanguage(e.currentTarget.value) && (language.value = e.currentTarget.value)}
        >
          {Object.entries(LANGUAGES).map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
        </select>
      </label>
    </footer>
  );
}
