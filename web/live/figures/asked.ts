// An answer to a question: asked when it is wanted and not known yet, the one before kept until it is there, and given up when
// it is not wanted any more. A refusal is an answer as well: what was there before is not shown in its place.

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Door, Refused } from "./door.ts";
import type { Answer, Question } from "./questions.ts";

export interface Asked {
  answer: Answer | null;
  /** To which it is the answer. */
  question: Question | null;
  busy: boolean;
  /** Why it was refused. */
  refused: string | null;
}

/** `wanted`: null for nothing. `fresh` changes when the same question may have another answer. */
export function useAsked(door: Door, wanted: Question | null, fresh: unknown): Asked {
  const [told, tell] = useState<Asked>({ answer: null, question: null, busy: true, refused: null });
  const known = useRef("");
  const key = wanted && `${fresh} ${JSON.stringify(wanted)}`;
  useEffect(() => {
    if (!wanted) return;
    if (known.current === key) return tell((before) => before.busy ? { ...before, busy: false } : before); // back again
    const stop = new AbortController();
    tell((before) => ({ ...before, busy: true }));
    door.ask(wanted, stop.signal).then((answer) => {
      known.current = key!;
      tell({ answer, question: wanted, busy: false, refused: null });
    }, (error) => {
      if (stop.signal.aborted) return;
      if (!(error instanceof Refused)) return tell((before) => ({ ...before, busy: false }));
      known.current = key!;
      tell({ answer: null, question: null, busy: false, refused: error.message });
    });
    return () => stop.abort();
  }, [door, key]);
  return wanted ? told : { ...told, busy: false };
}

/** Whether an element is on the screen, or nearly. */
export function useSeen(element: RefObject<HTMLElement | null>): boolean {
  const [seen, see] = useState(false);
  useEffect(() => {
    const watch = new IntersectionObserver(([entry]) => see(entry.isIntersecting), { rootMargin: "160px" });
    watch.observe(element.current!);
    return () => watch.disconnect();
  }, []);
  return seen;
}
