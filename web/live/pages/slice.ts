// Which rows of the pages table are shown, and where they come from. Pure.

import { within } from "../shared/paging.ts";

export const SIZE = 20; // rows
export const LIVE = 100; // the most viewed, which are pushed whole

/** Whether rows from `offset` on are among those that are pushed: `known` of `total` are. */
export function isLive(query: string, offset: number, known: number, total: number): boolean {
  return query === "" && (known >= total || offset + SIZE <= Math.min(known, LIVE));
}

/** An offset that exists: a multiple of SIZE within `total` rows. */
export function clamp(offset: number, total: number): number {
  return within(offset, total, SIZE);
}
