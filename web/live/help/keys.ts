// The keys of the page: one table for the hand and for the sheet that explains them, so that the two cannot differ. Pure but
// for the one listener.

import type { KeyWord } from "../words/catalogue.ts";

export type Action =
  | "search"
  | "next"
  | "previous"
  | "30m"
  | "24h"
  | "7d"
  | "replay"
  | "play"
  | "back"
  | "on"
  | "live"
  | "theme"
  | "help";

export const KEYS: { word: KeyWord; keys: [key: string, cap: string, action: Action][] }[] = [
  { word: "search", keys: [["/", "/", "search"]] },
  { word: "turn", keys: [["p", "p", "previous"], ["n", "n", "next"]] },
  { word: "range", keys: [["1", "1", "30m"], ["2", "2", "24h"], ["3", "3", "7d"]] },
  { word: "replay", keys: [["r", "r", "replay"]] },
  { word: "play", keys: [[" ", "␣", "play"]] },
  { word: "step", keys: [["ArrowLeft", "←", "back"], ["ArrowRight", "→", "on"]] },
  { word: "live", keys: [["Escape", "Esc", "live"]] },
  { word: "theme", keys: [["t", "t", "theme"]] },
  { word: "help", keys: [["?", "?", "help"]] },
];

const ACTIONS = new Map(KEYS.flatMap(({ keys }) => keys.map(([key, , action]) => [key, action] as const)));

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "defaultPrevented">;

/** What a key means, or undefined: typing belongs to the field, Space and the arrows to what has the focus. */
export function meant(e: Pressed, focus: { tag: string; type: string }): Action | undefined {
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
  const typing = focus.tag === "TEXTAREA" || focus.tag === "SELECT" || focus.tag === "INPUT" && focus.type !== "range";
  const action = ACTIONS.get(e.key);
  if (typing && action !== "live") return;
  if (focus.tag === "BUTTON" && action === "play") return;
  if (focus.tag === "INPUT" && (action === "back" || action === "on")) return; // the slider's own
  return action;
}

/** Calls `act` for every key that means something; it returns whether it did anything. Returns the end of listening. */
export function listen(act: (action: Action) => boolean): () => void {
  const press = (e: KeyboardEvent) => {
    if (document.querySelector("dialog[open]")) return;
    const focus = e.target as HTMLElement;
    const action = meant(e, { tag: focus.tagName, type: focus.getAttribute("type") ?? "" });
    if (action && act(action)) e.preventDefault();
  };
  addEventListener("keydown", press);
  return () => removeEventListener("keydown", press);
}
