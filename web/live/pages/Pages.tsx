// The pages of the site: most viewed first, with who is there now.

import "./pages.css";
import { useRef, useState } from "preact/hooks";
import { count, number } from "../shared/format.ts";
import { useGlide } from "../shared/motion.ts";
import type { Store } from "../stream/store.ts";
import type { Page } from "../stream/wire.ts";

const FIRST = 20;
const KINDS: Record<string, string> = { home: "Home", blog: "Post", page: "Page", stats: "Statistics" };

export function Pages({ store }: { store: Store }) {
  const rows = useRef<HTMLTableSectionElement>(null);
  const [all, showAll] = useState(false);
  useGlide(rows);
  const pages = store.pages.value;
  const paths = store.state.value.paths;
  const most = pages[0]?.views || 1;
  return (
    <section class="panel pages" aria-labelledby="pages">
      <h2 id="pages">Pages</h2>
      <table aria-labelledby="pages">
        <thead>
          <tr>
            <th scope="col">Page</th>
            <th scope="col" class="kind">Kind</th>
            <th scope="col" class="n">Here now</th>
            <th scope="col" class="n">Views</th>
          </tr>
        </thead>
        <tbody ref={rows}>
          {pages.slice(0, all ? undefined : FIRST).map((p) => <Row key={p.path} page={p} most={most} />)}
        </tbody>
      </table>
      <footer>
        {pages.length > FIRST && (
          <button type="button" class="quiet" aria-expanded={all} onClick={() => showAll(!all)}>
            {all ? `Show the first ${FIRST}` : `Show ${number(pages.length)} pages`}
          </button>
        )}
        {paths > pages.length && (
          <p>{count(paths, "page has", "pages have")} been viewed; these are the most viewed and those read now.</p>
        )}
      </footer>
    </section>
  );
}

function Row({ page, most }: { page: Page; most: number }) {
  return (
    <tr data-key={page.path}>
      <th scope="row">
        <span class="title">{page.title}</span>
        {page.title !== page.path && <span class="path">{page.path}</span>}
        <span class="share" style={{ width: `${100 * page.views / most}%` }}></span>
      </th>
      <td class="kind">{KINDS[page.type] ?? ""}</td>
      <td class="n here">{page.here ? number(page.here) : <span class="none">0</span>}</td>
      <td class="n">{number(page.views)}</td>
    </tr>
  );
}
