// What all charts have alike.

import type uPlot from "uplot";

export const FONT = '11px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

/** A chart follows the size of its host and the colors of the system, until the function that is returned ends it. */
export function kept(plot: uPlot, host: HTMLElement, redraw: () => void): () => void {
  const sizes = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: host.clientHeight }));
  const colors = matchMedia("(prefers-color-scheme: dark)");
  sizes.observe(host);
  colors.addEventListener("change", redraw);
  return () => {
    sizes.disconnect();
    colors.removeEventListener("change", redraw);
    plot.destroy();
  };
}
