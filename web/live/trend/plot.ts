// Draws the chart, with uPlot, which is loaded only for it. Knows no language: labels come from outside.

import uPlot from "uplot";
import { FONT, kept } from "../shared/plot.ts";
import type { Series } from "./series.ts";

export interface Labels {
  /** For the axes. */
  time(ms: number, step: number): string;
  number(n: number): string;
}

const EDGE = 12; // pixels: a label further left would stand in the corner of the axes
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7];

export class Plot {
  readonly #plot: uPlot;
  readonly redraw = () => this.#plot.redraw(false, true);
  readonly destroy: () => void;
  #step: number;
  #mark: number | null = null;

  /** `pointed` is told the index under the pointer, null when it leaves. */
  constructor(host: HTMLElement, labels: Labels, series: Series, pointed: (index: number | null) => void) {
    this.#step = series.step;
    const color = (name: string) => getComputedStyle(host).getPropertyValue(name);
    const axis = { font: FONT, stroke: () => color("--soft"), ticks: { show: false } };
    this.#plot = new uPlot(
      {
        width: host.clientWidth || 300,
        height: host.clientHeight || 150,
        padding: [8, 20, 0, 0],
        legend: { show: false },
        select: { show: false, left: 0, top: 0, width: 0, height: 0 },
        cursor: {
          y: false,
          drag: { x: false, y: false },
          points: { size: 7, fill: (_, i) => color(i === 1 ? "--before" : "--person"), width: 0 },
        },
        scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(4, (max ?? 0) * 1.08)] } },
        axes: [
          {
            ...axis,
            size: 26,
            gap: 4,
            space: 64,
            grid: { show: false },
            values: (u, splits) =>
              splits.map((s) => u.valToPos(s, "x") < EDGE ? "" : labels.time(s * 1000, this.#step)),
          },
          {
            ...axis,
            // in steps, so that the chart does not change its width with every digit
            size: (_, values) => 34 + 16 * Math.floor(Math.max(0, ...(values ?? []).map((v) => v?.length ?? 0)) / 4),
            gap: 4,
            space: 28,
            incrs: WHOLE,
            grid: { stroke: () => color("--line"), width: 1 },
            values: (_, splits) => splits.map(labels.number),
          },
        ],
        series: [
          {},
          { stroke: () => color("--before"), width: 1.5, points: { show: false }, dash: [4, 3] },
          { stroke: () => color("--person"), fill: () => color("--area"), width: 2, points: { show: false } },
        ],
        hooks: {
          setCursor: [(u) => pointed(u.cursor.left! >= 0 ? u.cursor.idx ?? null : null)],
          draw: [(u) => this.#drawMark(u, color("--person"))],
        },
      },
      columns(series),
      host,
    );
    this.destroy = kept(this.#plot, host, this.redraw);
  }

  /** `mark`: the index of the moment that the page shows, or null for none. */
  show(series: Series, mark: number | null) {
    this.#step = series.step;
    this.#mark = mark;
    this.#plot.setData(columns(series));
  }

  /** Points at an index, as the pointer would. */
  point(index: number | null) {
    const time = index === null ? undefined : this.#plot.data[0][index];
    const left = time === undefined ? -10 : this.#plot.valToPos(time, "x");
    this.#plot.setCursor({ left, top: index === null ? -10 : 10 });
  }

  #drawMark(u: uPlot, color: string) {
    const time = this.#mark === null ? undefined : u.data[0][this.#mark];
    if (time === undefined) return;
    const x = u.valToPos(time, "x", true);
    const y = u.valToPos(u.data[2][this.#mark!] ?? 0, "y", true);
    const { ctx: pen, bbox } = u;
    pen.save();
    pen.strokeStyle = pen.fillStyle = color;
    pen.lineWidth = devicePixelRatio;
    pen.beginPath();
    pen.moveTo(x, bbox.top);
    pen.lineTo(x, bbox.top + bbox.height);
    pen.stroke();
    pen.beginPath();
    pen.arc(x, y, 5 * devicePixelRatio, 0, 2 * Math.PI);
    pen.fill();
    pen.restore();
  }
}

const columns = ({ times, before, people }: Series): uPlot.AlignedData => [times.map((t) => t / 1000), before, people];
