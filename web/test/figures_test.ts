// The pure pieces of the room of figures: days and periods, filters, the address, questions, what the chart shows.

import { dragged, placed, series } from "../live/figures/chart/series.ts";
import {
  against,
  clock,
  days,
  isDay,
  length,
  moved,
  PERIODS,
  type Range,
  shifted,
  stepOf,
  steps,
} from "../live/figures/dates.ts";
import { type Filter, flipped, readFilters, spoken, toggled, understood, write } from "../live/figures/filters.ts";
import { matching } from "../live/figures/found.ts";
import { KEYS } from "../live/figures/keys.ts";
import { type Answer, headline, series as charted, table, total } from "../live/figures/questions.ts";
import { answerable, CARDS, choosing, chosen, tabNamed } from "../live/figures/tabs.ts";
import { SAYS } from "../live/figures/terms.ts";
import { readView, spanOf, type View, writeView } from "../live/figures/view.ts";
import { speech } from "../live/figures/words/speech.ts";
import { LANGUAGES, tongue } from "../live/words/tongue.ts";
import { equal } from "./equal.ts";

const TODAY = "2026-11-29";
const view = (query: string) => readView(new URLSearchParams(query));
const address = (view: View, before = "") => writeView(view, new URLSearchParams(before)).toString();

Deno.test("a clock shows what people of a zone see, also where a day begins late or an hour comes twice", () => {
  equal(clock(Date.UTC(2026, 10, 29, 23, 30), "Europe/Berlin"), "2026-11-30 00:30:00");
  equal(clock(Date.UTC(2026, 9, 25, 0, 30), "Europe/Berlin"), "2026-10-25 02:30:00");
  equal(clock(Date.UTC(2026, 9, 25, 1, 30), "Europe/Berlin"), "2026-10-25 02:30:00");
  equal(clock(Date.UTC(2026, 0, 1, 0, 0), "America/New_York"), "2025-12-31 19:00:00");
  equal(clock(Date.UTC(2026, 0, 1, 0, 0), "UTC"), "2026-01-01 00:00:00");
});

Deno.test("periods are those of the API: of N days before today, of names until today", () => {
  const found = Object.fromEntries(PERIODS.map((name) => [name, days(name, TODAY, "2025-02-03")]));
  equal(found, {
    day: [TODAY, TODAY],
    yesterday: ["2026-11-28", "2026-11-28"],
    "7d": ["2026-11-22", "2026-11-28"],
    "28d": ["2026-11-01", "2026-11-28"],
    "30d": ["2026-10-30", "2026-11-28"],
    "91d": ["2026-08-30", "2026-11-28"],
    month: ["2026-11-01", TODAY],
    "1mo": ["2026-10-01", "2026-10-31"],
    year: ["2026-01-01", TODAY],
    "12mo": ["2025-11-01", "2026-10-31"],
    all: ["2025-02-03", TODAY],
  });
  equal(days("all", TODAY, "2027-01-01"), [TODAY, TODAY]);
});

Deno.test("a period is compared with as many days before, or with those of a year earlier", () => {
  const cases: [Range, Range, Range][] = [
    [["2026-11-01", "2026-11-28"], ["2026-10-04", "2026-10-31"], ["2025-11-01", "2025-11-28"]],
    [["2026-03-01", "2026-03-01"], ["2026-02-28", "2026-02-28"], ["2025-03-01", "2025-03-01"]],
    [["2024-02-29", "2024-03-01"], ["2024-02-27", "2024-02-28"], ["2023-02-28", "2023-03-01"]],
  ];
  for (const [range, previous, year] of cases) {
    equal([against(range, "previous"), against(range, "year"), against(range, "none")], [previous, year, null]);
    equal(length(previous), length(range));
  }
});

Deno.test("arrows move by whole months where there are some, and never beyond today", () => {
  const cases: [Range, 1 | -1, Range | null][] = [
    [["2026-11-01", "2026-11-29"], -1, ["2026-10-01", "2026-10-31"]],
    [["2026-10-01", "2026-10-31"], 1, ["2026-11-01", TODAY]],
    [["2025-11-01", "2026-10-31"], -1, ["2024-11-01", "2025-10-31"]],
    [["2026-11-22", "2026-11-28"], -1, ["2026-11-15", "2026-11-21"]],
    [["2026-11-22", "2026-11-28"], 1, [TODAY, TODAY]],
    [[TODAY, TODAY], 1, null],
    [["2026-03-01", "2026-03-01"], -1, ["2026-02-28", "2026-02-28"]],
  ];
  for (const [range, by, moved] of cases) equal(shifted(range, by, TODAY), moved);
});

Deno.test("days that are none are not taken, and months end where they end", () => {
  equal(["2026-02-28", "2026-02-30", "2026-2-3", "", "1969-01-01", "2026-13-01"].map(isDay), [
    true,
    ...Array(5).fill(false),
  ]);
  equal([moved("2026-03-31", -1), moved("2024-02-29", -12), moved("2026-12-31", 2)], [
    "2026-02-28",
    "2023-02-28",
    "2027-02-28",
  ]);
});

Deno.test("steps suit the range", () => {
  const of = (period: string, by = "") => spanOf(view(`period=${period}&by=${by}`), TODAY, "2020-01-01").step;
  equal([of("day"), of("28d"), of("91d"), of("12mo")], ["hour", "day", "day", "month"]);
  equal([of("day", "week"), of("7d", "hour"), of("28d", "hour"), of("91d", "week")], ["hour", "hour", "day", "week"]);
  equal(steps(["2026-11-29", "2026-11-29"]), ["hour"]);
  equal(stepOf(["2026-11-01", "2026-11-08"], "2026-11-07 23:59:59"), 0);
  equal(stepOf(["2026-11-01", "2026-11-08"], "2026-10-31 23:59:59"), -1);
});

const FILTERS: Filter[][] = [
  [],
  [{ operator: "is", dimension: "event:page", values: ["/a b?c=d&e", "!odd", "~odd", "=odd", "", "\n"] }],
  [{ operator: "is_not", dimension: "visit:country", values: ["DE", "!~x"] }, {
    operator: "contains",
    dimension: "event:page",
    values: ["=x"],
  }, { operator: "contains", dimension: "event:page", values: ["y"] }],
  [{ operator: "contains_not", dimension: "event:props:plan a", values: ["!"] }],
  [{ operator: "is", dimension: "event:name", values: ["sign up"] }, {
    operator: "is",
    dimension: "event:goal",
    values: ["x"],
  }],
  [{ raw: ["or", [["is", "event:page", ["/a"]], ["is", "visit:source", ["x"]]]] }],
];

Deno.test("filters come back from an address and from a segment as they were", () => {
  for (const filters of FILTERS) {
    const query = new URLSearchParams();
    write(filters, query);
    equal(readFilters(new URLSearchParams(query.toString())), filters);
    equal(understood(filters.map(spoken)), filters);
  }
  equal(readFilters(new URLSearchParams("filter=nonsense&filter={}&period=day&prop.=x&toString=x")), []);
});

Deno.test("an address says a view and nothing that is usual; what is wrong in it is as usual", () => {
  const addresses = [
    "period=28d",
    "period=custom&from=2026-01-02&to=2026-03-04&compare=none&by=week&chart=bounce_rate",
    "period=7d&compare=year&page=%2Fa&page=%2Fb&country=%21DE&tabs=entry_page%2Ccity&property=plan&all=city",
  ];
  for (const query of addresses) equal(address(view(query)), query);
  for (const filters of FILTERS) equal(view(address({ ...view(""), filters })).filters, filters);
  equal(address(view("period=custom&from=2026-03-04&to=2026-01-02&by=x&chart=toString&tabs=x,,&all=x")), "period=28d");
  equal(address(view("period=day"), "link=secret&lang=de&period=7d&page=%2F"), "link=secret&lang=de&period=day");
});

Deno.test("a click adds a condition and takes it back; a sign turns into its opposite", () => {
  const one = toggled([], "is", "event:page", "/a");
  const two = toggled(one, "is", "event:page", "/b");
  equal(two, [{ operator: "is", dimension: "event:page", values: ["/a", "/b"] }]);
  equal([toggled(two, "is", "event:page", "/a"), toggled(one, "is", "event:page", "/a")], [[{
    ...one[0],
    values: ["/b"],
  }], []]);
  equal(toggled(one, "is_not", "event:page", "/b").length, 2);
  equal(flipped(two, 0), [{ operator: "is_not", dimension: "event:page", values: ["/a", "/b"] }]);
  equal(flipped(flipped(two, 0), 0), two);
  equal(toggled(toggled([], "contains", "event:page", "a"), "contains", "event:page", "b").length, 2);
});

Deno.test("every tab asks for what the API knows, and only for what goes with the filters", () => {
  const span = spanOf(view("period=28d"), TODAY, "2026-01-01");
  for (const { tabs } of CARDS) {
    for (const tab of tabs) {
      const question = table("demo", { ...view(""), property: "plan" }, span, tab, tab.metrics);
      equal(question.metrics.every((metric) => metric in SAYS), true);
      equal(question.dimensions!.every((name) => /^(event|visit):[a-z_:]+$/.test(name)), true);
      equal(tabNamed(tab.id), tab);
    }
  }
  const page = tabNamed("page")!;
  const title: Filter = { operator: "is", dimension: "event:title", values: ["A"] };
  equal(answerable(page.metrics, [title]), ["visitors", "pageviews", "bounce_rate"]);
  equal(headline({ ...view(""), filters: [title] }).minutes, []);
  equal(headline(view("page=/a&country=DE")).minutes, ["people_peak"]);
  equal(headline(view("goal=Buy")).people, ["visitors", "events", "conversion_rate"]);
});

Deno.test("the chart shows visitors where what was chosen is not asked with these filters", () => {
  const cases = {
    "": "visitors",
    "chart=visits": "visits",
    "chart=conversion_rate": "visitors",
    "chart=conversion_rate&goal=Buy": "conversion_rate",
    "chart=time_on_page&title=A": "visitors",
    "chart=time_on_page&page=/a": "time_on_page",
    "chart=group_conversion_rate": "visitors",
  };
  for (const [query, metric] of Object.entries(cases)) {
    equal([query, ...charted("demo", view(query), [TODAY, TODAY], "hour").metrics], [query, metric]);
  }
});

Deno.test("a card shows its first tab unless another was chosen", () => {
  const [pages, sources] = CARDS;
  equal([chosen(pages.tabs, []).id, chosen(pages.tabs, ["city", "title"]).id], ["page", "title"]);
  equal(choosing(pages.tabs, "title", ["channel"]), ["channel", "title"]);
  equal(choosing(pages.tabs, "page", ["channel", "title"]), ["channel"]);
  equal(choosing(sources.tabs, "referrer", ["channel"]), ["referrer"]);
});

Deno.test("what is not over is compared with as much", () => {
  const asked = total("demo", view("period=day"), spanOf(view("period=day"), TODAY, TODAY), ["visits"]);
  equal(asked.include, { comparisons: { mode: "custom", date_range: ["2026-11-28", "2026-11-28"], elapsed: true } });
  equal(total("demo", view("period=all"), spanOf(view("period=all"), TODAY, TODAY), ["visits"]).include, undefined);
});

const answer = (labels: string[], values: Record<string, number>): Answer => ({
  results: Object.entries(values).map(([label, n]) => ({ dimensions: [label], metrics: [n] })),
  meta: { time_labels: labels },
});

Deno.test("the chart shows nothing of what is still to come, and marks what is not over", () => {
  const hours = ["2026-11-29 00:00:00", "2026-11-29 01:00:00", "2026-11-29 02:00:00"];
  const before = ["2026-11-28 00:00:00", "2026-11-28 01:00:00", "2026-11-28 02:00:00"];
  const told = series(
    answer(hours, { [hours[0]]: 3 }),
    answer(before, { [before[2]]: 5 }),
    "2026-11-29 01:20:00",
    true,
    0,
  );
  equal([told.now, told.before, told.open], [[3, 0, null], [0, 0, 5], 1]);
  const over = series(answer(hours, { [hours[0]]: 3 }), answer(before, {}), "2026-11-30 01:20:00", false, null);
  equal([over.now, over.before, over.open], [[3, null, null], [null, null, null], -1]);
});

Deno.test("notes stand at the step in which they are", () => {
  const notes = ["2026-10-31", "2026-11-01", "2026-11-03T13:05", "2026-11-09", "2026-11-15"].map((at) => ({ at }));
  const at = (labels: string[], end: string) => placed(notes, labels, end).map(({ at, notes }) => [at, notes.length]);
  equal(at(["2026-11-01", "2026-11-02", "2026-11-03"], "2026-11-03"), [[0, 1], [2, 1]]);
  equal(at(["2026-11-01", "2026-11-09"], "2026-11-14"), [[0, 2], [1, 1]]);
  equal(at(["2026-11-03 12:00:00", "2026-11-03 13:00:00", "2026-11-03 14:00:00"], "2026-11-03"), [[1, 1]]);
});

Deno.test("dragging over steps chooses their days", () => {
  equal(dragged(["2026-11-02", "2026-11-09", "2026-11-16"], 0, 1, "2026-11-20"), ["2026-11-02", "2026-11-15"]);
  equal(dragged(["2026-11-02", "2026-11-09"], 1, 1, "2026-11-12"), ["2026-11-09", "2026-11-12"]);
  equal(dragged(["2026-11-02 10:00:00", "2026-11-02 11:00:00"], 0, 0, "2026-11-02"), ["2026-11-02", "2026-11-02"]);
});

Deno.test("figures are written as people read them, in every language", () => {
  const en = speech(tongue("en", ["en-GB"]));
  equal(en.figure("visitors", 1234567), "1,234,567");
  equal(en.figure("visitors", 1234567, true), "1.23M");
  equal([0, 59, 60, 3599, 3725].map((n) => en.figure("visit_duration", n)), ["0s", "59s", "1m 0s", "59m 59s", "1h 2m"]);
  equal([en.figure("bounce_rate", 43), en.figure("bounce_rate", null), en.figure("views_per_visit", 2)], [
    "43%",
    "–",
    "2.00",
  ]);
  equal([en.value("visit:country", "DE"), en.value("visit:source", "Direct / None")], ["Germany", "Direct"]);
  equal(en.value("visit:language", "%%"), "%%");
  equal(
    en.filter({ operator: "is_not", dimension: "visit:country", values: ["DE", "FR"] }),
    "Country is not Germany or France",
  );
  for (const language of Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]) {
    const { words } = speech(tongue(language, []));
    for (const { word } of KEYS) equal(words.keys[word] !== "", true);
    equal(Object.keys(words.says), Object.keys(SAYS));
  }
});

Deno.test("who searches a country types its name", () => {
  const de = speech(tongue("de", []));
  equal(matching("visit:country", "deutschl", de), [{ operator: "is", dimension: "visit:country", values: ["DE"] }]);
  equal(matching("visit:country", "xyzzy", de), [{ operator: "is", dimension: "visit:country", values: ["\u0000"] }]);
  equal(matching("event:page", " blog ", de), [{ operator: "contains", dimension: "event:page", values: ["blog"] }]);
  equal(matching("event:page", "", de), []);
});
