// The keys of the live page.

import type { Line } from "../shared/keys.ts";
import type { KeyWord } from "../words/catalogue.ts";

export type Action =
  | "search"
  | "next"
  | "previous"
  | "30m"
  | "24h"
  | "7d"
  | "figures"
  | "replay"
  | "play"
  | "back"
  | "on"
  | "live"
  | "theme"
  | "help";

export const KEYS: Line<KeyWord, Action>[] = [
  { word: "search", keys: [["/", "/", "search"]] },
  { word: "turn", keys: [["p", "p", "previous"], ["n", "n", "next"]] },
  { word: "range", keys: [["1", "1", "30m"], ["2", "2", "24h"], ["3", "3", "7d"]] },
  { word: "figures", keys: [["f", "f", "figures"]] },
  { word: "replay", keys: [["r", "r", "replay"]] },
  { word: "play", keys: [[" ", "␣", "play"]] },
  { word: "step", keys: [["ArrowLeft", "←", "back"], ["ArrowRight", "→", "on"]] },
  { word: "live", keys: [["Escape", "Esc", "live"]] },
  { word: "theme", keys: [["t", "t", "theme"]] },
  { word: "help", keys: [["?", "?", "help"]] },
];
