// Which pages are read at this moment, and by how many.

import { useRef } from "preact/hooks";
import { count, number } from "../shared/format.ts";
import { useGlide } from "../shared/motion.ts";
import type { Store } from "../stream/store.ts";

const SHOWN = 7;

export function Reading({ store }: { store: Store }) {
  const list = useRef<HTMLOListElement>(null);
  useGlide(list);
  const pages = store.reading.value;
  const most = pages[0]?.here ?? 1;
  const hidden = pages.length - SHOWN;
  return (
    <section class="reading" aria-labelledby="reading">
      <h2 id="reading">Being read</h2>
      <ol ref={list}>
        {pages.slice(0, SHOWN).map((page) => (
          <li key={page.path} data-key={page.path} title={page.path}>
            <span class="bar" style={{ width: `${100 * page.here / most}%` }}></span>
            <span class="name">{page.title}</span>
            <span class="here">
              {number(page.here)}
              <span class="unseen">{page.here === 1 ? " reader" : " readers"}</span>
            </span>
          </li>
        ))}
      </ol>
      {hidden > 0 && <p class="more">and {count(hidden, "more page", "more pages")}, see the table below</p>}
      {!pages.length && <p class="more">No page is open right now.</p>}
    </section>
  );
}
