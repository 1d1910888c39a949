// What the figures mean, as docs/metrics.md says it. Made from the Python table by script/wire-types: not by hand.

// deno-fmt-ignore
export const SAYS = {
  visitors:
    "Different people with a view or event in the range.",
  visits:
    "Visits that began in the range, a visit being what one person does without a break of 30 minutes. By page, event or goal: visits with such a view or event in the range.",
  pageviews:
    "Views; the same page again by the same person within 30 minutes is none.",
  events:
    "Views and custom events.",
  views_per_visit:
    "Views of the visits that began in the range, on average.",
  bounce_rate:
    "Percent of the visits that began in the range which have one view or event and no more.",
  visit_duration:
    "Seconds from the first to the last sign of life of the visits that began in the range, on average.",
  time_on_page:
    "Seconds that a visit spent with a page in view, on average over all visits and pages of which browsers told it.",
  scroll_depth:
    "Percent of a page that a visit saw at most, on average over all visits and pages of which browsers told it.",
  people:
    "People here at the same time: of all minutes that begin in the range, how many were here, on average.",
  people_peak:
    "People here in the minute of the range that had most of them.",
  percentage:
    "Percent of all visitors.",
  conversion_rate:
    "Percent of all visitors who reached the goal.",
  group_conversion_rate:
    "Percent of the visitors of the same group who reached the goal.",
};

export type Metric = keyof typeof SAYS;
export const isMetric = (name: string): name is Metric => Object.hasOwn(SAYS, name);
