// What the server says about a site's present (docs/wire.md).

export interface Page {
  path: string;
  title: string;
  type: string;
  views: number;
  here: number;
}

export interface Place {
  country: string;
  city: string;
  latitude: number | null;
  longitude: number | null;
  here: number;
}

export interface Scalars {
  people: number;
  views: number;
  visitors: number;
  since: number | null;
  posts: number;
  published_pages: number;
  paths: number;
}

export interface Snapshot extends Scalars {
  version: number;
  site: string;
  at: number;
  pages: Page[];
  places: Place[];
}

/** Only what changed between two versions, as new absolute values. */
export interface Delta extends Partial<Scalars> {
  from: number;
  to: number;
  at: number;
  pages?: Page[];
  gone?: string[];
  places?: Place[];
}
