// The pages of the site: most viewed first, with who is there now. The first hundred move as readers do; the others, and what
// is searched, come by request.

import "./pages.css";
import type { ReadonlySignal, Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useAnswer } from "../shared/answer.ts";
import { useGlide } from "../shared/motion.ts";
import { nameOf } from "../shared/called.ts";
import { Name } from "../shared/Name.tsx";
import { Turn } from "../shared/Turn.tsx";
import type { Hidden, PageLine, PageList as Answer } from "../wire.ts";
import { useTongue } from "../words/speech.ts";
import type { Catalogue } from "../words/catalogue.ts";
import { isLive, SIZE } from "./slice.ts";

const QUIET = 200; // milliseconds without a key before a search is asked

export interface Place {
  query: string;
  offset: number;
}

interface Props {
  /** In the order of the table. */
  ranked: ReadonlySignal<readonly PageLine[]>;
  pages: ReadonlySignal<ReadonlyMap<string, PageLine>>;
  /** How many pages are named here. */
  total: ReadonlySignal<number>;
  hidden: ReadonlySignal<Hidden>;
  fresh: ReadonlySignal<number>;
  place: Signal<Place>;
  ask(query: string, offset: number, limit: number, signal: AbortSignal): Promise<Answer>;
}

export function Pages({ ranked, pages, total: { value: total }, hidden, fresh, place, ask }: Props) {
  const { words, count } = useTongue();
  const { query, offset } = place.value;
  const wanted = query.trim();
  const live = isLive(wanted, offset, ranked.value.length, total);
  const answer = useAnswer(
    live ? null : (signal) => ask(wanted, offset, SIZE, signal),
    [wanted, offset, fresh.value],
    QUIET,
  );
  const known = live ? null : answer.value;
  const rows = live ? ranked.value.slice(offset, offset + SIZE) : known?.pages ?? [];
  const of = live ? total : known?.total ?? 0;
  return (
    <section class="panel pages" aria-labelledby="pages">
      <div class="head">
        <h2 id="pages">{words.pages}</h2>
        <input
          type="search"
          id="search"
          placeholder={words.search}
          aria-label={words.search}
          aria-controls="rows"
          value={query}
          onInput={(e) => place.value = { query: e.currentTarget.value, offset: 0 }}
        />
      </div>
      <Table
        rows={rows.map((row) => pages.value.get(row.path) ?? row)}
        most={ranked.value[0]?.views || 1}
        busy={!live && answer.busy}
      />
      {!live && answer.failed && (
        <p class="failed" role="alert">
          {words.failed} <button type="button" class="quiet" onClick={answer.again}>{words.again}</button>
        </p>
      )}
      <footer>
        <p role="status">
          {wanted && known && !answer.busy && (known.total ? count(words.found, known.total) : words.nothingFound)}
        </p>
        {of > SIZE && (
          <Turn
            ends
            offset={offset}
            size={SIZE}
            total={of}
            go={(offset) => place.value = { query, offset }}
          />
        )}
        {rows.some((row) => row.reported) && <p>{words.italics}</p>}
        {hidden.value.paths > 0 && !wanted && <p class="hidden">{count(words.hidden, hidden.value.paths)}</p>}
      </footer>
    </section>
  );
}

function Table({ rows, most, busy }: { rows: readonly PageLine[]; most: number; busy: boolean }) {
  const { words } = useTongue();
  const body = useRef<HTMLTableSectionElement>(null);
  useGlide(body);
  return (
    <table aria-labelledby="pages" aria-busy={busy} id="rows">
      <thead>
        <tr>
          <th scope="col">{words.page}</th>
          <th scope="col" class="kind">{words.kind}</th>
          <th scope="col" class="n">{words.here}</th>
          <th scope="col" class="n">{words.views}</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((p) => <Row key={p.path} page={p} most={most} />)}
      </tbody>
    </table>
  );
}

const isKind = (type: string, words: Catalogue): type is keyof Catalogue["kinds"] => Object.hasOwn(words.kinds, type);

function Row({ page, most }: { page: PageLine; most: number }) {
  const { words, number } = useTongue();
  return (
    <tr data-key={page.path}>
      <th scope="row">
        <Name page={page} as="title" />
        {nameOf(page) !== page.path && <span class="path">{page.path}</span>}
        <span class="share" style={{ width: `${Math.min(100, 100 * page.views / most)}%` }}></span>
      </th>
      <td class="kind">{isKind(page.type, words) ? words.kinds[page.type] : ""}</td>
      <td class="n here">{page.here ? number(page.here) : <span class="none">0</span>}</td>
      <td class="n">{number(page.views)}</td>
    </tr>
  );
}
