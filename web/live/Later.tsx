// The room of figures, which is loaded when it is entered.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Props } from "./figures/Figures.tsx";
import { useTongue } from "./words/speech.ts";

export function Later(props: Props) {
  const { words } = useTongue();
  const [Figures, found] = useState<ComponentType<Props> | false>();
  const load = () =>
    import("./figures/Figures.tsx").then((room) => room.dressed().then(() => found(() => room.Figures))).catch(() =>
      found(false)
    );
  useEffect(() => void load(), []);
  if (Figures) return <Figures {...props} />;
  return (
    <div class="panel later">
      {Figures === false
        ? (
          <p role="alert">
            {words.failed} <button type="button" class="quiet" onClick={load}>{words.again}</button>
          </p>
        )
        : words.loading}
    </div>
  );
}
