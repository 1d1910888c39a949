// A figure's name that says on hover, focus or touch exactly what it counts.

import "./term.css";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export function Term({ children, meaning }: { children: ComponentChildren; meaning: string }) {
  const id = useId();
  const dismiss = (e: KeyboardEvent) => e.key === "Escape" && (e.currentTarget as HTMLElement).blur();
  return (
    <span class="term">
      <button type="button" aria-describedby={id} onKeyDown={dismiss}>{children}</button>
      <span class="meaning" role="tooltip" id={id}>{meaning}</span>
    </span>
  );
}
