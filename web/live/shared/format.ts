// Numbers, times and countries in the reader's own language.

const numbers = new Intl.NumberFormat();
const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const times = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const regions = new Intl.DisplayNames(undefined, { type: "region" });

export const number = (n: number) => numbers.format(n);
export const day = (ms: number) => days.format(ms);
export const time = (ms: number) => times.format(ms);

/** "1 person", "2 people". */
export const count = (n: number, one: string, many: string) => `${number(n)} ${n === 1 ? one : many}`;

/** The name of a two-letter country code; anything else, which clients of other tools may send, stays as it is. */
export const country = (code: string) => (/^[A-Z]{2}$/.test(code) ? regions.of(code) : code) || "Unknown country";
