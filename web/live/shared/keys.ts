// Keys that do something: a table of them serves the hand and the sheet that explains them, so that the two cannot differ. Pure but
// for the one listener.

/** What one line of the sheet says, and its keys: as the keyboard tells them, as they are printed, what each does. */
export interface Line<Word extends string, A extends string> {
  word: Word;
  keys: [key: string, cap: string, action: A][];
}

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "defaultPrevented">;

/** What a key means, or undefined: typing belongs to the field, Space and the arrows to what has the focus. */
export function meant<A extends string>(
  lines: Line<string, A>[],
  e: Pressed,
  focus: { tag: string; type: string },
): A | undefined {
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
  const typing = focus.tag === "TEXTAREA" || focus.tag === "SELECT" || focus.tag === "INPUT" && focus.type !== "range";
  if (typing && e.key !== "Escape") return;
  if (focus.tag === "BUTTON" && e.key === " ") return;
  if (focus.tag === "INPUT" && e.key.startsWith("Arrow")) return; // the slider's own
  return lines.flatMap(({ keys }) => keys).find(([key]) => key === e.key)?.[2];
}

/** Calls `act` for every key that means something; it returns whether it did anything. Returns the end of listening. */
export function listen<A extends string>(lines: Line<string, A>[], act: (action: A) => boolean): () => void {
  const press = (e: KeyboardEvent) => {
    if (document.querySelector("dialog[open]")) return;
    const focus = e.target as HTMLElement;
    const action = meant(lines, e, { tag: focus.tagName, type: focus.getAttribute("type") ?? "" });
    if (action && act(action)) e.preventDefault();
  };
  addEventListener("keydown", press);
  return () => removeEventListener("keydown", press);
}
