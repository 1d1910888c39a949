// The rows of a table: a name with its share, and figures. A click on a name shows only that, with Alt all but it.

import { has, toggled } from "../filters.ts";
import type { Answer } from "../questions.ts";
import type { Store } from "../store.ts";
import type { Metric } from "../terms.ts";
import { useSpeech } from "../words/speech.ts";

interface Props {
  store: Store;
  dimensions: readonly string[];
  metrics: readonly Metric[];
  rows: Answer["results"];
  /** The most that any row has of the first metric. */
  most: number;
  /** All visitors, of whom a row has a share; null if that is not known. */
  visitors: number | null;
}

export function Rows({ store, dimensions, metrics, rows, most, visitors }: Props) {
  const speech = useSpeech();
  return (
    <tbody>
      {rows.map(({ dimensions: values, metrics: figures }) => (
        <tr key={values.join("\n")}>
          <th scope="row">
            <Name store={store} dimensions={dimensions} values={values} />
            <span class="share" style={{ width: `${Math.min(100, 100 * (figures[0] ?? 0) / (most || 1))}%` }}></span>
          </th>
          {visitors !== null && <td class="n part">{visitors ? speech.percent((figures[0] ?? 0) / visitors) : ""}</td>}
          {metrics.map((metric, i) => <td key={metric} class="n">{speech.figure(metric, figures[i])}</td>)}
        </tr>
      ))}
    </tbody>
  );
}

function Name({ store, dimensions, values }: { store: Store; dimensions: readonly string[]; values: string[] }) {
  const { words, value } = useSpeech();
  const [text, ...more] = dimensions.map((dimension, i) => value(dimension, values[i]));
  const called = [...more].reverse().concat(text).join(" ");
  const { filters } = store.view.value;
  const on = has(filters, dimensions[0], values[0]);
  const filter = (except: boolean) => {
    const operator = except ? "is_not" : "is";
    // all but one version of a browser is not all but the browser: only the first is left out
    const about = except ? dimensions.slice(0, 1) : dimensions;
    const next = about.reduce(
      (found, dimension, i) =>
        !except && i > 0 && has(found, dimension, values[i]) && !on
          ? found
          : toggled(found, operator, dimension, values[i]),
      filters,
    );
    store.change({ filters: next, all: null });
  };
  return (
    <span class="name">
      <button
        type="button"
        class="pick"
        aria-pressed={on}
        title={words.only(called)}
        onClick={(e) => filter(e.altKey)}
      >
        {dimensions[0].endsWith("_version") && more.length ? `${more[0]} ${text}` : text}
        {!dimensions[0].endsWith("_version") && more.map((one) => <small key={one}>{one}</small>)}
      </button>
      <button
        type="button"
        class="not"
        aria-label={words.except(called)}
        title={words.except(called)}
        onClick={() => filter(true)}
      >
        ≠
      </button>
    </span>
  );
}
