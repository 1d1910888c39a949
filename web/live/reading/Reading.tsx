// Which pages are read at a moment, and by how many.

import "./reading.css";
import type { ReadonlySignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useGlide } from "../shared/motion.ts";
import { Name } from "../shared/Name.tsx";
import type { PageHere } from "../wire.ts";
import { useTongue } from "../words/speech.ts";

interface Props {
  /** Most readers first. */
  pages: ReadonlySignal<readonly PageHere[]>;
  /** Readers of pages that are not named here. */
  elsewhere: ReadonlySignal<number>;
  past: boolean;
  rows: number;
}

export function Reading({ pages: { value: pages }, elsewhere: { value: elsewhere }, past, rows }: Props) {
  const { words, number, count } = useTongue();
  const list = useRef<HTMLOListElement>(null);
  useGlide(list);
  const most = pages[0]?.here ?? 1;
  const more = pages.length - rows;
  return (
    <section class="panel reading" aria-labelledby="reading">
      <h2 id="reading">{words.reading}</h2>
      <ol ref={list}>
        {pages.slice(0, rows).map((page) => (
          <li key={page.path} data-key={page.path} title={page.path}>
            <span class="bar" style={{ width: `${100 * page.here / most}%` }}></span>
            <Name page={page} as="name" />
            <span class="here">
              <span aria-hidden="true">{number(page.here)}</span>
              <span class="unseen">{count(words.readers, page.here)}</span>
            </span>
          </li>
        ))}
      </ol>
      {more > 0 && <p class="more">{count(words.morePages, more)}</p>}
      {elsewhere > 0 && <p class="more">{count(words.elsewhereHere, elsewhere)}</p>}
      {!pages.length && !elsewhere && <p class="more">{past ? words.nobodyRead : words.nobodyReads}</p>}
    </section>
  );
}
