// Rows that change places glide there, and new ones fade in, unless the reader prefers less motion.

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const EASE = { duration: 450, easing: "cubic-bezier(.2,.7,.2,1)" };

/** `list`: an element whose children carry data-key. */
export function useGlide(list: RefObject<HTMLElement | null>) {
  const before = useRef<Map<string, number> | null>(null);
  useLayoutEffect(() => {
    const now = new Map<string, number>();
    for (const row of (list.current?.children ?? []) as Iterable<HTMLElement>) {
      const key = row.dataset.key!;
      now.set(key, row.offsetTop);
      const old = before.current?.get(key);
      if (!before.current || still.matches || old === row.offsetTop) continue;
      if (old === undefined) row.animate({ opacity: [0, 1] }, EASE);
      else row.animate({ transform: [`translateY(${old - row.offsetTop}px)`, "none"] }, EASE);
    }
    before.current = now;
  });
}
