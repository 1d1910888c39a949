// What a language has to say. Pure types: the strings are in a file for each language.

/** By the categories of Intl.PluralRules; what a language does not tell apart is "other". "#" stands for the number. */
export interface Forms {
  one: string;
  other: string;
}

export type Range = "30m" | "24h" | "7d";
export type KeyWord = "search" | "turn" | "range" | "figures" | "replay" | "play" | "step" | "live" | "theme" | "help";

type One = (text: string) => string;
type Two = (first: string, second: string) => string;

export interface Catalogue {
  hereNow: One;
  peopleHere: Forms;
  peopleThen: Forms;
  people: Forms;
  readers: Forms;
  peopleMeaning: string;

  status: Record<"connecting" | "live" | "stale" | "gone" | "past", string>;
  stale: One;
  gone: One;
  tryNow: string;
  failed: string;
  again: string;

  trend: string;
  ranges: Record<Range, string>;
  rangesSpoken: Record<Range, string>;
  range: string;
  now: string;
  weekBefore: string;
  highest: Two;
  average: Two;
  time: string;
  chart: string;

  reading: string;
  morePages: Forms;
  elsewhereHere: Forms;
  nobodyReads: string;
  nobodyRead: string;

  where: string;
  whereMeaning: string;
  worldMap: Two;
  countries: Forms;
  peopleByCountry: string;
  elsewhere: string;
  noPlace: string;
  showFewer: string;
  showCountries: One;

  arrivals: string;
  arrivalsMeaning: string;
  nobodyArrived: string;
  unnamed: string;
  justNow: string;

  totals: string;
  views: string;
  viewsMeaning: string;
  visitors: string;
  visitorsMeaning: string;
  paths: string;
  pathsMeaning: string;
  posts: string;
  publishedPages: string;
  since: string;

  pages: string;
  page: string;
  kind: string;
  kinds: Record<"home" | "blog" | "page" | "stats", string>;
  here: string;
  search: string;
  found: Forms;
  nothingFound: string;
  span: (first: string, last: string, total: string) => string;
  first: string;
  previous: string;
  next: string;
  last: string;
  paging: string;
  hidden: Forms;
  reported: string;
  italics: string;

  replay: string;
  replayOf: string;
  replayFrom: string;
  earlier: string;
  later: string;
  play: string;
  pause: string;
  minute: string;
  backToLive: string;
  loading: string;
  noCountries: string;
  replayed: Two;

  startTitle: string;
  startLine: string;
  startCopy: string;
  startCopied: string;
  startByHand: string;
  startHint: string;
  startMoves: string;
  startLabel: string;

  help: string;
  close: string;
  keys: Record<KeyWord, string>;

  room: string;
  rooms: Record<"now" | "figures", string>;
  settings: string;
  language: string;
  bottom: string;
}
