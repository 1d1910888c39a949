// Days and periods by the calendar of a site: from when to when, and what that is compared with. Pure. A day is "2026-11-29", a
// moment "2026-11-29 13:45:00", both as the clocks of the site's time zone show it; so they compare as texts.

export type Day = string;
export type Range = readonly [first: Day, last: Day];
export const PERIODS = ["day", "yesterday", "7d", "28d", "30d", "91d", "month", "1mo", "year", "12mo", "all"] as const;
export type Named = typeof PERIODS[number];
export type Compare = "previous" | "year" | "none";
export const STEPS = ["hour", "day", "week", "month"] as const;
export type Step = typeof STEPS[number];

const DAY = 86_400_000;
const LONGEST = { hour: 14, day: 731, week: 3_660, month: Infinity }; // days that are shown in such steps
const SHORTEST = { hour: 1, day: 2, week: 8, month: 32 };

/** What the clocks of a zone show. */
export function clock(ms: number, zone: string): string {
  const format = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const at = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${at.year.padStart(4, "0")}-${at.month}-${at.day} ${at.hour}:${at.minute}:${at.second}`;
}

/** A day or moment as if it were one of UTC, which is how dates are formatted. */
export const utc = (moment: string) => Date.parse(moment.length > 10 ? moment.replace(" ", "T") + "Z" : moment);

export function isDay(text: string | null): text is Day {
  const ms = /^(19[7-9]|[2-8]\d\d)\d-\d\d-\d\d$/.test(text ?? "") ? utc(text!) : NaN;
  return !Number.isNaN(ms) && date(ms) === text; // the 30th of February is none
}

export const plus = (day: Day, days: number): Day => date(utc(day) + days * DAY);

/** The same day so many months later; the last of the month where it has no such day. */
export function moved(day: Day, months: number): Day {
  const [year, month, of] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month + months, 0));
  last.setUTCDate(Math.min(of, last.getUTCDate()));
  return date(last.getTime());
}

export const length = ([first, last]: Range) => Math.round((utc(last) - utc(first)) / DAY) + 1;

/** The days of a period. Those of N days or months end before the present one, as the API's do; the others end today. `since`:
 * when counting began. */
export function days(period: Named, today: Day, since: Day): Range {
  const month = `${today.slice(0, 7)}-01`;
  switch (period) {
    case "day":
      return [today, today];
    case "yesterday":
      return [plus(today, -1), plus(today, -1)];
    case "month":
      return [month, today];
    case "year":
      return [`${today.slice(0, 4)}-01-01`, today];
    case "1mo":
    case "12mo":
      return [moved(month, period === "1mo" ? -1 : -12), plus(month, -1)];
    case "all":
      return [since < today ? since : today, today];
    default:
      return [plus(today, -parseInt(period)), plus(today, -1)];
  }
}

/** The days of the same number before, or those of a year earlier. */
export function against([first, last]: Range, compare: Compare): Range | null {
  if (compare === "none") return null;
  const count = length([first, last]);
  const start = compare === "previous" ? plus(first, -count) : moved(first, -12);
  return [start, plus(start, count - 1)];
}

/** As many days later (earlier), whole months where it is made of them; not beyond today. */
export function shifted([first, last]: Range, by: 1 | -1, today: Day): Range | null {
  const whole = first.endsWith("-01") && (plus(last, 1).endsWith("-01") || last === today);
  const months = (Number(last.slice(0, 4)) - Number(first.slice(0, 4))) * 12 + Number(last.slice(5, 7)) -
    Number(first.slice(5, 7)) + 1;
  const next: Range = whole && length([first, last]) > 1
    ? [moved(first, by * months), plus(moved(first, (by + 1) * months), -1)]
    : [plus(first, by * length([first, last])), plus(last, by * length([first, last]))];
  if (next[0] > today) return null;
  return next[1] > today ? [next[0], today] : next;
}

/** The steps that a range can be shown in, and which is taken unless another is wanted. */
export const steps = (range: Range) => STEPS.filter((s) => SHORTEST[s] <= length(range) && length(range) <= LONGEST[s]);
export function suiting(range: Range): Step {
  const count = length(range);
  return count === 1 ? "hour" : count <= 92 ? "day" : "month";
}

/** Which of the steps (called by their beginnings, ascending) holds a moment; -1 if it is before all of them. */
export const stepOf = (labels: readonly string[], moment: string) => labels.findLastIndex((label) => label <= moment);

const date = (ms: number): Day => new Date(ms).toISOString().slice(0, 10);
