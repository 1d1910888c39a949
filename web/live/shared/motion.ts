// Rows that change places glide there, and new ones fade in, unless the reader prefers less motion.

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const NEAR = 100; // pixels: rows further beside the screen do not move, which would cost as much as if they were seen
const EASE = { duration: 280, easing: "cubic-bezier(.2,.7,.2,1)" };

/** `list`: an element whose children carry data-key. */
export function useGlide(list: RefObject<HTMLElement | null>) {
  const before = useRef<Map<string, [x: number, y: number]> | null>(null);
  const order = useRef("");
  useLayoutEffect(() => {
    const rows = [...(list.current?.children ?? [])] as HTMLElement[];
    const keys = rows.map((row) => row.dataset.key).join("\n");
    if (before.current && keys === order.current) return; // to ask where rows are costs a layout
    order.current = keys;
    const now = new Map<string, [number, number]>();
    const top = list.current?.getBoundingClientRect().top ?? 0;
    for (const row of rows) {
      const [x, y] = [row.offsetLeft, row.offsetTop];
      now.set(row.dataset.key!, [x, y]);
      if (!before.current || still.matches) continue;
      const old = before.current.get(row.dataset.key!);
      const [first, last] = [Math.min(y, old?.[1] ?? y), Math.max(y, old?.[1] ?? y) + row.offsetHeight];
      if (top + first > innerHeight + NEAR || top + last < -NEAR) continue;
      if (!old) row.animate({ opacity: [0, 1] }, EASE);
      else if (old[0] !== x || old[1] !== y) {
        row.animate({ transform: [`translate(${old[0] - x}px, ${old[1] - y}px)`, "none"] }, EASE);
      }
    }
    before.current = now;
  });
}
