// Which rows of a dimension have what somebody types. Where people read a name and rows hold a code, the names are searched. Pure.

import type { Filter } from "./filters.ts";

const CODED = ["visit:country", "visit:language", "visit:screen", "visit:device"];
const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const COUNTRIES = LETTERS.flatMap((a) => LETTERS.map((b) => a + b)).filter((code) =>
  Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}` // no code of a country that has another one today
);
const NOTHING = "\u0000"; // no row has it

/** Whether all rows of it are few, and found by their names in the page instead. */
export const isCoded = (dimension: string) => CODED.includes(dimension);

/** `value`: what a row's code reads. */
export function matching(
  dimension: string,
  typed: string,
  { value }: { value(dimension: string, code: string): string },
): Filter[] {
  const text = typed.trim();
  if (!text) return [];
  if (dimension !== "visit:country") {
    return isCoded(dimension) ? [] : [{ operator: "contains", dimension, values: [text] }];
  }
  const wanted = text.toLocaleLowerCase();
  const values = COUNTRIES.filter((code) => {
    const name = value(dimension, code);
    return name !== code && name.toLocaleLowerCase().includes(wanted) || code.toLocaleLowerCase() === wanted;
  });
  return [{ operator: "is", dimension, values: values.length ? values : [NOTHING] }];
}
