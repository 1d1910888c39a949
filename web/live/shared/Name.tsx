// A page by its name. One that the page reports of itself is set apart: nobody published it under that title.

import "./name.css";
import { useTongue } from "../words/speech.ts";
import { type Called, nameOf } from "./called.ts";

export function Name({ page, as }: { page: Called; as: string }) {
  const { words } = useTongue();
  return page.reported
    ? <span class={`${as} reported`} title={`${page.path}: ${words.reported}`}>{page.reported}</span>
    : <span class={as}>{nameOf(page)}</span>;
}
