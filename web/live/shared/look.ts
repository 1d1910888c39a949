// Light or dark: as the system says, unless the reader said otherwise. Kept in this browser.

import { effect, signal } from "@preact/signals";

const KEY = "footfall_look";
const LOOKS = ["", "dark", "light"]; // "": as the system

export function makeLook() {
  const look = signal(kept(KEY, LOOKS));
  effect(() => {
    document.documentElement.dataset.look = look.value;
    keep(KEY, look.value);
  });
  return { look, turn: () => look.value = LOOKS[(LOOKS.indexOf(look.value) + 1) % LOOKS.length] };
}

/** What this browser keeps under a name, if it is one of `known`; else the first of them. */
export function kept(name: string, known: readonly string[]): string {
  try {
    const value = localStorage.getItem(name);
    return value !== null && known.includes(value) ? value : known[0];
  } catch {
    return known[0]; // storage is blocked
  }
}

export function keep(name: string, value: string) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch { /* storage is blocked: until the next load, then */ }
}
