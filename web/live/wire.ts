// What the server says, as docs/wire.md describes it. Made from the Python structs by script/wire-types: not by hand.

export interface ArrivalLine {
  at: number;
  path: string;
  title: string;
  country: string;
  city: string;
  reported?: string;
}

export interface Hidden {
  here: number;
  views: number;
  paths: number;
}

export interface PageLine {
  path: string;
  title: string;
  type: string;
  views: number;
  here: number;
  reported?: string;
}

export interface PlaceLine {
  country: string;
  city: string;
  latitude: number | null;
  longitude: number | null;
  here: number;
}

export interface Snapshot {
  version: number;
  site: string;
  at: number;
  people: number;
  views: number;
  visitors: number;
  since: number | null;
  posts: number;
  published_pages: number;
  paths: number;
  trend: number[];
  arrivals: ArrivalLine[];
  hidden: Hidden;
  pages: PageLine[];
  places: PlaceLine[];
}

export interface Delta {
  from: number;
  to: number;
  at: number;
  people?: number;
  views?: number;
  visitors?: number;
  since?: number | null;
  posts?: number;
  published_pages?: number;
  paths?: number;
  trend?: number[];
  arrivals?: ArrivalLine[];
  hidden?: Hidden;
  pages?: PageLine[];
  gone?: string[];
  places?: PlaceLine[];
}

export interface People {
  site: string;
  from: number;
  step: number;
  people: number[];
  peak: number[];
  before: number[];
}

export interface PageList {
  total: number;
  pages: PageLine[];
}

export interface PageHere {
  path: string;
  title: string;
  here: number;
  reported?: string;
}

export interface CountryHere {
  country: string;
  here: number;
}

export interface ReplayMinute {
  people: number;
  pages: PageHere[];
  countries: CountryHere[];
}

export interface Replay {
  site: string;
  from: number;
  minutes: ReplayMinute[];
}

export interface Count {
  site: string;
  path: string | null;
  views: number;
  here: number;
}
