// An answer asked for by request: asked anew when what it depends on changes, the old one kept until the new one is there.

import { useEffect, useState } from "preact/hooks";

export interface Answer<T> {
  value: T | null;
  busy: boolean;
  failed: boolean;
  again(): void;
}

/** `ask` null: nothing is to be asked. `delay`: milliseconds of quiet before a change is asked about. */
export function useAnswer<T>(
  ask: ((signal: AbortSignal) => Promise<T>) | null,
  dependencies: unknown[],
  delay = 0,
): Answer<T> {
  const [told, tell] = useState<{ value: T | null; busy: boolean; failed: boolean }>(
    { value: null, busy: true, failed: false },
  );
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!ask) return;
    const stop = new AbortController();
    tell((before) => ({ ...before, busy: true }));
    const timer = setTimeout(() =>
      ask(stop.signal).then(
        (value) => tell({ value, busy: false, failed: false }),
        () => stop.signal.aborted || tell((before) => ({ ...before, busy: false, failed: true })),
      ), delay);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [!ask, tries, ...dependencies]);
  return { ...told, again: () => setTries(tries + 1) };
}
