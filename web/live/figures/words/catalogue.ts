// What a language has to say about figures. Pure types: the strings are in a file for each language.

import type { Forms } from "../../words/catalogue.ts";
import type { Compare, Named, Step } from "../dates.ts";
import type { Operator } from "../filters.ts";
import type { Metric } from "../terms.ts";

export type KeyWord =
  | "days"
  | "weeks"
  | "months"
  | "years"
  | "turn"
  | "compare"
  | "search"
  | "clear"
  | "now"
  | "theme"
  | "help";
export type TabName =
  | "page"
  | "entry_page"
  | "exit_page"
  | "title"
  | "hostname"
  | "source"
  | "channel"
  | "referrer"
  | "utm_source"
  | "utm_medium"
  | "utm_campaign"
  | "utm_content"
  | "utm_term"
  | "country"
  | "region"
  | "city"
  | "language"
  | "browser"
  | "browser_version"
  | "os"
  | "os_version"
  | "device"
  | "screen"
  | "goal"
  | "event"
  | "properties";

type One = (text: string) => string;
type Two = (first: string, second: string) => string;

export interface Words {
  period: string;
  periods: Record<Named, string>;
  custom: string;
  from: string;
  to: string;
  apply: string;
  earlier: string;
  later: string;
  comparison: string;
  compare: Record<Compare, string>;
  steps: Record<Step, string>;
  step: string;

  headline: string;
  metrics: Record<Metric, string>;
  says: Record<Metric, string>;
  daily: string;
  dailySays: string;
  draw: One;
  than: Two;
  same: string;

  trend: One;
  chart: One;
  before: string;
  open: string;
  weekOf: One;
  hour: string;
  nothing: string;

  cards: Record<"pages" | "sources" | "places" | "devices" | "events", string>;
  tabs: Record<TabName, string>;
  /** A dimension in the singular, as conditions name it. */
  names: Record<Exclude<TabName, "properties">, string>;
  table: One;
  only: One;
  except: One;
  notSet: string;
  direct: string;
  screens: Record<string, string>;
  devices: Record<string, string>;
  all: string;
  rows: Forms;
  search: string;
  sortBy: One;
  csv: string;
  csvOf: One;
  property: string;
  choose: string;
  noGoals: string;
  noProperty: string;

  filters: string;
  filter: string;
  filterBy: string;
  condition: string;
  value: string;
  add: string;
  operators: Record<Operator, string>;
  or: string;
  special: string;
  turn: One;
  remove: One;
  clear: string;

  segments: string;
  noSegments: string;
  segmentName: string;
  save: string;
  saveHint: string;
  delete: One;

  notes: string;
  addNote: string;
  noteText: string;
  noteDay: string;

  trouble: Record<"failed" | "offline" | "out", string>;
  signIn: string;
  refused: One;

  keys: Record<KeyWord, string>;
}
