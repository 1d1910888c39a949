// The keys of the room of figures: peers' own where they have one. One table for the hand and for the sheet that explains them.

import type { Line } from "../shared/keys.ts";
import { type Compare, type Named, shifted } from "./dates.ts";
import type { Store } from "./store.ts";
import type { KeyWord } from "./words/catalogue.ts";

export type Action = Named | "earlier" | "later" | "compare" | "search" | "clear" | "now" | "theme" | "help";

export const KEYS: Line<KeyWord, Action>[] = [
  { word: "days", keys: [["d", "d", "day"], ["e", "e", "yesterday"]] },
  { word: "weeks", keys: [["w", "w", "7d"], ["f", "f", "28d"], ["n", "n", "91d"]] },
  { word: "months", keys: [["m", "m", "month"], ["p", "p", "1mo"]] },
  { word: "years", keys: [["y", "y", "year"], ["l", "l", "12mo"], ["a", "a", "all"]] },
  { word: "turn", keys: [["ArrowLeft", "←", "earlier"], ["ArrowRight", "→", "later"]] },
  { word: "compare", keys: [["x", "x", "compare"]] },
  { word: "search", keys: [["/", "/", "search"]] },
  { word: "clear", keys: [["Escape", "Esc", "clear"]] },
  { word: "now", keys: [["r", "r", "now"]] },
  { word: "theme", keys: [["t", "t", "theme"]] },
  { word: "help", keys: [["?", "?", "help"]] },
];

const COMPARISONS: Compare[] = ["previous", "year", "none"];

interface Doing {
  live(): void;
  theme(): void;
  help(): void;
}

/** What a key does; false if it does nothing now. */
export function act(action: Action, store: Store, { live, theme, help }: Doing): boolean {
  const { compare, filters } = store.view.value;
  const done = (_: unknown) => true;
  switch (action) {
    case "earlier":
    case "later":
      return shift(store, action === "later" ? 1 : -1);
    case "compare":
      return done(store.change({ compare: COMPARISONS[(COMPARISONS.indexOf(compare) + 1) % COMPARISONS.length] }));
    case "search":
      return done(document.getElementById("filter")?.click());
    case "clear":
      return filters.length > 0 && done(store.change({ filters: [] }));
    case "now":
      return done(live());
    case "theme":
      return done(theme());
    case "help":
      return done(help());
    default:
      return done(store.change({ period: action, by: null }));
  }
}

/** The period before or after; false where there is none. */
export function shift(store: Store, by: 1 | -1): boolean {
  const period = shifted(store.span.value.range, by, store.today.value);
  if (period) store.change({ period });
  return period !== null;
}
