// Time, in steps that do not disturb.

import { useEffect, useState } from "preact/hooks";

/** The value, but changed at most once in `ms`: for what is read aloud, and for what costs. */
export function useCalm<T>(value: T, ms: number): T {
  const [said, say] = useState({ value, at: 0 });
  useEffect(() => {
    if (value === said.value) return;
    const timer = setTimeout(() => say({ value, at: Date.now() }), Math.max(0, said.at + ms - Date.now()));
    return () => clearTimeout(timer);
  }, [value, said]);
  return said.value;
}

/** The time by this browser's clock, told every `ms`. */
export function useNow(ms: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}
