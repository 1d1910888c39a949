// Draws the chart of figures, with uPlot, which is loaded only for it. Knows no language and no time: a step is its number.

import uPlot from "uplot";
import { FONT, kept } from "../../shared/plot.ts";
import type { Series } from "./series.ts";

export interface Labels {
  /** For the axes. */
  step(index: number): string;
  value(value: number): string;
}

export interface Told {
  /** The index under the pointer, null when it leaves. */
  pointed(index: number | null): void;
  /** Dragged over from one step to another. */
  dragged(first: number, last: number): void;
  /** How far from the left edge each step is, in pixels: after every change of that. */
  laid(left: number[]): void;
}

const ROOM = 78; // pixels for a label of a step
const DRAG = 12; // pixels that make a click a drag

export class Plot {
  readonly #plot: uPlot;
  readonly redraw = () => this.#plot.redraw(false, true);
  readonly destroy: () => void;
  #labels: Labels;

  constructor(host: HTMLElement, labels: Labels, series: Series, told: Told) {
    this.#labels = labels;
    const color = (name: string) => getComputedStyle(host).getPropertyValue(name);
    const axis = { font: FONT, stroke: () => color("--soft"), ticks: { show: false } };
    const line = { stroke: () => color("--chart"), width: 2, spanGaps: false };
    this.#plot = new uPlot(
      {
        width: host.clientWidth || 300,
        height: host.clientHeight || 200,
        padding: [10, 16, 0, 0],
        legend: { show: false },
        cursor: {
          y: false,
          drag: { x: true, y: false, setScale: false, dist: DRAG },
          points: { size: 8, fill: (_, i) => color(i === 1 ? "--before" : "--chart"), width: 0 },
        },
        scales: {
          x: { time: false, range: (u) => [-.3, Math.max(.3, u.data[0].length - .7)] },
          y: { range: (_, __, max) => [0, (max || 1) * 1.1] },
        },
        axes: [
          {
            ...axis,
            size: 26,
            gap: 4,
            grid: { show: false },
            splits: (u) => splits(u.data[0].length, u.bbox.width / devicePixelRatio),
            values: (_, at) => at.map((index) => this.#labels.step(index)),
          },
          {
            ...axis,
            size: (_, values) => 26 + 8 * Math.max(0, ...(values ?? []).map((v) => v?.length ?? 0)),
            gap: 6,
            space: 42,
            grid: { stroke: () => color("--line"), width: 1 },
            values: (_, at) => at.map((value) => this.#labels.value(value)),
          },
        ],
        series: [
          {},
          { stroke: () => color("--before"), width: 1.5, points: { show: false }, dash: [4, 4] },
          {
            ...line,
            fill: () => color("--chart-area"),
            points: { show: alone, size: 7, fill: () => color("--chart"), width: 0 },
          },
          {
            ...line,
            dash: [2, 4],
            points: { show: (u, s) => alone(u, s), size: 7, fill: () => color("--chart"), width: 0 },
          },
        ],
        hooks: {
          setCursor: [(u) => told.pointed(u.cursor.left! >= 0 ? u.cursor.idx ?? null : null)],
          setSelect: [(u) => {
            const { left, width } = u.select;
            if (width < DRAG) return;
            const at = (x: number) => Math.min(u.data[0].length - 1, Math.max(0, Math.round(u.posToVal(x, "x"))));
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            told.dragged(at(left), at(left + width));
          }],
          draw: [
            (u) =>
              told.laid(
                Array.from(u.data[0], (index) => Math.round(u.valToPos(index, "x") + u.bbox.left / devicePixelRatio)),
              ),
          ],
        },
      },
      columns(series),
      host,
    );
    this.destroy = kept(this.#plot, host, this.redraw);
  }

  show(series: Series, labels: Labels) {
    this.#labels = labels;
    this.#plot.setData(columns(series));
  }

  /** Points at a step, as the pointer would. */
  point(index: number | null) {
    this.#plot.setCursor(index === null ? { left: -10, top: -10 } : { left: this.#plot.valToPos(index, "x"), top: 10 });
  }
}

/** The present step is a line of its own, dotted, that begins at the step before. */
function columns({ labels, now, before, open }: Series): uPlot.AlignedData {
  return [
    labels.map((_, i) => i),
    before,
    open < 0 ? now : now.map((n, i) => (i < open ? n : null)),
    now.map((n, i) => (open >= 0 && (i === open || i === open - 1) ? n : null)),
  ];
}

/** A line of one point is none. */
function alone(u: uPlot, series: number): boolean {
  return Array.from(u.data[series]).filter((n) => n !== null).length === 1;
}

/** Steps with a label: as many as there is room for, evenly. */
function splits(count: number, width: number): number[] {
  const every = Math.max(1, Math.ceil(count * ROOM / Math.max(1, width)));
  return Array.from({ length: Math.ceil(count / every) }, (_, i) => i * every);
}
