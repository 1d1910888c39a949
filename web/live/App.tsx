// The page as a whole: who is here, what they read, where they are, what was counted.

import { Where } from "./map/Where.tsx";
import { Pages } from "./pages/Pages.tsx";
import { People } from "./people/People.tsx";
import { Reading } from "./people/Reading.tsx";
import { Header, Trouble } from "./shared/Header.tsx";
import { Start } from "./start/Start.tsx";
import type { Store } from "./stream/store.ts";
import { Totals } from "./totals/Totals.tsx";

export function App({ store, site }: { store: Store; site: string }) {
  const state = store.state.value;
  const empty = store.empty.value;
  return (
    <>
      <Header store={store} site={site} />
      <main>
        <Trouble store={store} />
        <div class="now" data-status={store.status.value}>
          <div class="panel">
            <People store={store} />
            {empty ? <Start site={site} /> : <Reading store={store} />}
          </div>
          <Where store={store} />
        </div>
        {!empty && <Totals state={state} />}
        {!empty && <Pages store={store} />}
      </main>
      <footer class="bottom">Counted by Footfall, without cookies. No address of a reader is stored.</footer>
    </>
  );
}
