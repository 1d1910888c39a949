// Draws the map: land once per size and colour scheme on one canvas, people on another each time they change.
// Nothing runs between two changes; what pulses is CSS.

import type { PlaceLine } from "../wire.ts";
import { projector } from "./project.ts";
import type { World } from "./world.ts";

const RINGS = 3; // arrivals that are marked at once: where more come, the map is lively enough

type Dot = { x: number; y: number; here: number };

export class Atlas {
  readonly #land = document.createElement("canvas");
  readonly #dots = document.createElement("canvas");
  readonly #outlines: Path2D[];
  readonly #project: (longitude: number, latitude: number) => [number, number];
  readonly #sizes: ResizeObserver;
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  readonly #redraw = () => this.#resize();
  #people = new Map<string, Dot>();
  #shown = false;

  constructor(private readonly host: HTMLElement, private readonly world: World) {
    this.#outlines = world.countries.map(([, outline]) => new Path2D(outline));
    this.#project = projector(world.scale, world.translate);
    host.append(this.#land, this.#dots);
    this.#sizes = new ResizeObserver(this.#redraw);
    this.#sizes.observe(host);
    this.#dark.addEventListener("change", this.#redraw);
  }

  destroy() {
    this.#sizes.disconnect();
    this.#dark.removeEventListener("change", this.#redraw);
    this.host.replaceChildren();
  }

  /** Places of which not even the country is known are left to the list. */
  show(places: readonly PlaceLine[]) {
    const people = new Map<string, Dot>();
    for (const place of places) {
      const at = this.#locate(place);
      if (!at) continue;
      const key = at.join();
      const dot = people.get(key) ?? { x: at[0], y: at[1], here: 0 };
      dot.here += place.here;
      people.set(key, dot);
    }
    const arrived = [...people].filter(([key, dot]) => dot.here > (this.#people.get(key)?.here ?? 0));
    this.#people = people;
    this.#drawPeople();
    if (this.#shown && arrived.length <= RINGS) { for (const [, dot] of arrived) this.#ring(dot); }
    this.#shown = true;
  }

  #locate({ country, latitude, longitude }: PlaceLine): [number, number] | null {
    if (latitude !== null && longitude !== null) return this.#project(longitude, latitude);
    if (!Object.hasOwn(this.world.points, country)) return null;
    const [x, y] = this.world.points[country];
    return [x / 10, y / 10];
  }

  #resize() {
    const density = Math.min(devicePixelRatio || 1, 2);
    for (const canvas of [this.#land, this.#dots]) {
      canvas.width = Math.round(this.host.clientWidth * density);
      canvas.height = Math.round(this.host.clientHeight * density);
    }
    this.#drawLand();
    this.#drawPeople();
  }

  redraw() {
    this.#redraw();
  }

  #color(name: string) {
    return getComputedStyle(this.host).getPropertyValue(name);
  }

  #drawLand() {
    const pen = this.#land.getContext("2d")!;
    const scale = this.#land.width / this.world.width / 10; // outlines are in tenths
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.fillStyle = this.#color("--land");
    pen.strokeStyle = this.#color("--border");
    pen.lineWidth = 0.75 * (devicePixelRatio || 1) / scale;
    for (const outline of this.#outlines) {
      pen.fill(outline);
      pen.stroke(outline);
    }
  }

  #drawPeople() {
    const pen = this.#dots.getContext("2d")!;
    const scale = this.#dots.width / this.world.width;
    const width = this.host.clientWidth || 1;
    const size = this.#dots.width / width * Math.min(Math.max(width / 640, 0.65), 1); // smaller on a phone
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.#dots.width, this.#dots.height);
    pen.fillStyle = this.#color("--person");
    // the largest first, so that small ones stay visible on top
    for (const { x, y, here } of [...this.#people.values()].sort((a, b) => b.here - a.here)) {
      const radius = size * Math.min(3.2 + 1.6 * Math.sqrt(here - 1), 18);
      pen.globalAlpha = 0.2;
      disc(pen, x * scale, y * scale, radius * 1.9);
      pen.globalAlpha = 0.92;
      disc(pen, x * scale, y * scale, radius);
    }
    pen.globalAlpha = 1;
  }

  #ring({ x, y }: Dot) {
    const ring = document.createElement("i");
    ring.style.left = `${100 * x / this.world.width}%`;
    ring.style.top = `${100 * y / this.world.height}%`;
    ring.addEventListener("animationend", () => ring.remove());
    this.host.append(ring);
  }
}

function disc(pen: CanvasRenderingContext2D, x: number, y: number, radius: number) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
