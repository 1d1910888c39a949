// An arrival has no id, on purpose; what tells equal ones apart is how many of them came before. Pure.

import type { ArrivalLine } from "../wire.ts";

export function keyed(arrivals: readonly ArrivalLine[]): { key: string; arrival: ArrivalLine }[] {
  const seen = new Map<string, number>();
  return [...arrivals].reverse().map((arrival) => {
    const same = JSON.stringify([arrival.at, arrival.path, arrival.country, arrival.city]);
    const before = seen.get(same) ?? 0;
    seen.set(same, before + 1);
    return { key: `${before} ${same}`, arrival };
  }).reverse();
}
