// The pure pieces of the parts: what the chart shows, which rows of the table come from where, keys, arrivals, the replay.

import { keyed } from "../live/arrivals/keyed.ts";
import { KEYS } from "../live/help/keys.ts";
import { clamp, isLive, SIZE } from "../live/pages/slice.ts";
import { meant } from "../live/shared/keys.ts";
import { Player } from "../live/replay/player.ts";
import { nameOf } from "../live/shared/called.ts";
import { asked, highest, lastMinutes } from "../live/trend/series.ts";
import type { ArrivalLine, People, Replay } from "../live/wire.ts";
import { equal } from "./equal.ts";

const MINUTE = 60_000;

Deno.test("the last minute of the trend is now, and a week before is matched by time", () => {
  const now = 100 * MINUTE + 31_000;
  const answer: People = {
    site: "s",
    from: 98 * MINUTE, // asked a minute ago, and one step shorter
    step: MINUTE,
    people: [0, 0],
    peak: [0, 0],
    before: [7, 8],
  };
  const { times, people, before } = lastMinutes([1, 2, 3], now, answer);
  equal(times, [98 * MINUTE, 99 * MINUTE, 100 * MINUTE]);
  equal([people, before], [[1, 2, 3], [7, 8, null]]);
  equal(lastMinutes([1, 2, 3], now, null).before, [null, null, null]);
});

Deno.test("a week in which nobody was here is not drawn", () => {
  equal(asked({ site: "s", from: 0, step: 900_000, people: [1, 2], peak: [1, 2], before: [0, 0] }).before, [
    null,
    null,
  ]);
});

Deno.test("the highest step is the newest of equals, and none where nobody came", () => {
  equal([highest([1, 5, 5, 2]), highest([0, 0]), highest([])], [2, -1, -1]);
});

Deno.test("rows are live as far as they are pushed", () => {
  equal(isLive("", 0, 14, 14), true);
  equal(isLive("", 80, 130, 100_000), true);
  equal(isLive("", 100, 130, 100_000), false); // 101st to 130th are read just now, not the most viewed
  equal(isLive("a", 0, 14, 14), false);
  equal(isLive("", 0, 3, 17), false); // fewer than the first rows are known
});

Deno.test("offsets stay inside the table", () => {
  equal([clamp(-1, 45), clamp(SIZE, 45), clamp(999, 45), clamp(999, 40), clamp(5, 0)], [0, SIZE, 2 * SIZE, SIZE, 0]);
});

Deno.test("no key means two things, and all are on the sheet", () => {
  const all = KEYS.flatMap(({ keys }) => keys.map(([key]) => key));
  equal(all.length, new Set(all).size);
});

Deno.test("a page is called by what it reports where it has no title, and by its address where it has neither", () => {
  const page = { path: "/a", title: "/a" };
  equal([nameOf(page), nameOf({ ...page, reported: "A" }), nameOf({ ...page, title: "" })], ["/a", "A", "/a"]);
});

const press = (key: string, more = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  defaultPrevented: false,
  ...more,
});

Deno.test("keys leave typing, buttons, sliders and the browser's own keys alone", () => {
  const body = { tag: "BODY", type: "" };
  equal(meant(KEYS, press("/"), body), "search");
  equal(meant(KEYS, press("r", { ctrlKey: true }), body), undefined);
  equal(meant(KEYS, press("r"), { tag: "INPUT", type: "search" }), undefined);
  equal(meant(KEYS, press("Escape"), { tag: "INPUT", type: "search" }), "live");
  equal(meant(KEYS, press("r"), { tag: "SELECT", type: "" }), undefined);
  equal(meant(KEYS, press(" "), { tag: "BUTTON", type: "button" }), undefined);
  equal(meant(KEYS, press("r"), { tag: "BUTTON", type: "button" }), "replay");
  equal(meant(KEYS, press("ArrowLeft"), { tag: "INPUT", type: "range" }), undefined);
  equal(meant(KEYS, press(" "), { tag: "INPUT", type: "range" }), "play");
});

Deno.test("equal arrivals have keys of their own, which stay when others come", () => {
  const one: ArrivalLine = { at: 1, path: "/", title: "/", country: "", city: "" };
  const two = { ...one, at: 2 };
  const keys = (arrivals: ArrivalLine[]) => keyed(arrivals).map(({ key }) => key);
  equal(new Set(keys([two, one, one])).size, 3);
  equal(keys([two, one, one]).slice(1), keys([one, one]));
});

function hour(from: number): Replay {
  const minutes = Array.from({ length: 60 }, (_, people) => ({ people, pages: [], countries: [] }));
  return { site: "s", from, minutes };
}

Deno.test("a replay shows the last hour that is over, and goes no further", async () => {
  const player = new Player((from) => Promise.resolve(hour(from)), () => 1000 * MINUTE + 5);
  await player.show();
  equal([player.from.value, player.minute.value?.people, player.time.value], [940 * MINUTE, 0, 940 * MINUTE]);
  player.go(75);
  equal([player.index.value, player.time.value], [59, 999 * MINUTE]);
  player.go(-3);
  equal(player.index.value, 0);
  await player.show(990 * MINUTE);
  equal(player.from.value, 940 * MINUTE);
  player.close();
  equal([player.open.value, player.minute.value], [false, null]);
});

Deno.test("a replay that could not be loaded says so; an answer that came too late changes nothing", async () => {
  const fails = new Player(() => Promise.reject(new Error("500")), () => 1000 * MINUTE);
  await fails.show();
  equal([fails.failed.value, fails.open.value, fails.minutes.value], [true, true, []]);
  let late: (answer: Replay) => void = () => {};
  const slow = new Player(
    (from, _, stop) =>
      new Promise((resolve, reject) => {
        late = () => resolve(hour(from));
        stop.addEventListener("abort", () => reject(new Error("aborted")));
      }),
    () => 1000 * MINUTE,
  );
  const shown = slow.show();
  slow.close();
  late(hour(0));
  await shown;
  equal([slow.open.value, slow.failed.value, slow.minutes.value], [false, false, []]);
});
