// A button that opens a small sheet below itself. It closes on Escape, on a click elsewhere, and when the focus goes elsewhere.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

interface Props {
  name: ComponentChildren;
  label?: string;
  /** Of the button. */
  id?: string;
  children(close: () => void): ComponentChildren;
}

export function Menu({ name, label, id, children }: Props) {
  const [open, setOpen] = useState(false);
  const [root, button, sheet] = [useRef<HTMLDivElement>(null), useRef<HTMLButtonElement>(null), useId()];
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const elsewhere = (e: Event) => root.current?.contains(e.target as Node) || setOpen(false);
    const first = (which: string) => root.current?.querySelector<HTMLElement>(`.sheet :is(${which})`);
    (first("[data-first]") ?? first("button, input, select"))?.focus();
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("focusin", elsewhere);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("focusin", elsewhere);
    };
  }, [open]);
  const press = (e: KeyboardEvent) => {
    if (e.key !== "Escape" || !open) return;
    e.preventDefault();
    close();
  };
  return (
    <div class="menu" ref={root} onKeyDown={press}>
      <button
        type="button"
        class="quiet"
        id={id}
        ref={button}
        aria-expanded={open}
        aria-controls={sheet}
        aria-label={label}
        onClick={() => setOpen(!open)}
      >
        {name}
      </button>
      <div class="sheet" id={sheet} hidden={!open}>{open && children(close)}</div>
    </div>
  );
}
