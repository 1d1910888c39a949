// Tables that show so many rows at a time. Pure.

/** An offset that exists: a multiple of `size` within `total` rows. */
export function within(offset: number, total: number, size: number): number {
  const last = Math.max(0, Math.ceil(total / size) - 1) * size;
  return Math.min(Math.max(0, offset - offset % size), last);
}
