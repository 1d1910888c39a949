// What narrows the figures: conditions on dimensions, as the page shows them, as an address has them, as the API takes them.
// Pure. What the page cannot show in its own way (a segment that a program made) is carried along as it is.

export const OPERATORS = ["is", "is_not", "contains", "contains_not"] as const;
export type Operator = typeof OPERATORS[number];

export interface Condition {
  operator: Operator;
  dimension: string;
  values: readonly string[];
}

/** In the API's own words: [operator, dimension, values], or something combined. */
export type Raw = readonly unknown[];
export type Filter = Condition | { raw: Raw };

const SIGNS: Record<Operator, string> = { is: "", is_not: "!", contains: "~", contains_not: "!~" };
const EVENT = ["page", "title", "hostname", "goal"];
const PROPERTY = "event:props:";
export const NAMES: Record<string, string> = { // what addresses call dimensions
  ...Object.fromEntries(EVENT.map((name) => [name, `event:${name}`])),
  event: "event:name",
  ...Object.fromEntries(
    ("source channel referrer utm_source utm_medium utm_campaign utm_content utm_term country region city device screen " +
      "browser browser_version os os_version language entry_page exit_page").split(" ").map((n) => [n, `visit:${n}`]),
  ),
};
const SHORT = new Map(Object.entries(NAMES).map(([short, dimension]) => [dimension, short]));

export const isCondition = (filter: Filter): filter is Condition => !("raw" in filter);
const merges = (operator: Operator) => operator === "is" || operator === "is_not";
const opposite: Record<Operator, Operator> = {
  is: "is_not",
  is_not: "is",
  contains: "contains_not",
  contains_not: "contains",
};

/** With one more condition, or with it taken back if it is there. */
export function toggled(filters: readonly Filter[], operator: Operator, dimension: string, value: string): Filter[] {
  const at = filters.findIndex((f) =>
    isCondition(f) && f.operator === operator && f.dimension === dimension &&
    (merges(operator) || f.values[0] === value)
  );
  if (at < 0) return [...filters, { operator, dimension, values: [value] }];
  const { values } = filters[at] as Condition;
  const left = values.includes(value) ? values.filter((v) => v !== value) : [...values, value];
  return left.length
    ? filters.map((f, i) => i === at ? { operator, dimension, values: left } : f)
    : filters.filter((_, i) => i !== at);
}

export const has = (filters: readonly Filter[], dimension: string, value: string) =>
  filters.some((f) => isCondition(f) && f.operator === "is" && f.dimension === dimension && f.values.includes(value));

/** The one at `at` turned into its opposite. */
export const flipped = (filters: readonly Filter[], at: number): Filter[] =>
  tidied(filters.map((f, i) => i === at && isCondition(f) ? { ...f, operator: opposite[f.operator] } : f));

export const removed = (filters: readonly Filter[], at: number) => filters.filter((_, i) => i !== at);

/** For POST /api/v2/query. */
export function spoken(filter: Filter): Raw {
  if (!isCondition(filter)) return filter.raw;
  const { operator, dimension, values } = filter;
  return merges(operator)
    ? [operator, dimension, [...values]]
    : [operator, dimension, [...values], { case_sensitive: false }];
}

/** What a segment holds, as the page shows it. */
export function understood(filters: readonly unknown[]): Filter[] {
  return tidied(filters.filter(Array.isArray).map(condition));
}

function condition(raw: Raw): Filter {
  const [operator, dimension, values, modifiers, ...more] = raw;
  const known = typeof dimension === "string" && (SHORT.has(dimension) || dimension.startsWith(PROPERTY));
  const texts = Array.isArray(values) && values.length > 0 && values.every((v) => typeof v === "string");
  if (!OPERATORS.includes(operator as Operator) || !known || !texts || more.length) return { raw };
  const loose = JSON.stringify(modifiers) === '{"case_sensitive":false}';
  if (merges(operator as Operator) ? modifiers !== undefined : !loose || values.length > 1) return { raw };
  return { operator: operator as Operator, dimension, values };
}

/** Conditions that mean the same as one become one. "is" is not among them when it stands twice: that holds of nothing. */
function tidied(filters: readonly Filter[]): Filter[] {
  const found: Filter[] = [];
  for (const filter of filters) {
    const at = found.findIndex((f) =>
      isCondition(f) && isCondition(filter) && f.dimension === filter.dimension && f.operator === filter.operator &&
      merges(f.operator)
    );
    if (at < 0) found.push(filter);
    else {found[at] = {
        ...filter,
        values: [...new Set([...(found[at] as Condition).values, ...(filter as Condition).values])],
      } as Filter;}
  }
  return found;
}

/** Into the parameters of an address: country=DE, page=!/about, page=~blog, prop.plan=pro. */
export function write(filters: readonly Filter[], into: URLSearchParams) {
  for (const filter of filters) {
    if (!isCondition(filter)) {
      into.append("filter", JSON.stringify(filter.raw));
      continue;
    }
    const name = SHORT.get(filter.dimension) ?? `prop.${filter.dimension.slice(PROPERTY.length)}`;
    const sign = SIGNS[filter.operator];
    for (const value of filter.values) into.append(name, sign + (/^[!~=]/.test(value) ? "=" : "") + value);
  }
}

/** What `write` wrote. Parameters that mean nothing here are passed over. */
export function readFilters(from: URLSearchParams): Filter[] {
  const found: Filter[] = [];
  for (const [name, text] of from) {
    if (name === "filter") found.push(...parsed(text));
    const dimension = Object.hasOwn(NAMES, name)
      ? NAMES[name]
      : name.startsWith("prop.") && name.length > 5 && PROPERTY + name.slice(5);
    if (!dimension) continue;
    const [, sign, value] = /^(!~|!|~|)=?(.*)$/s.exec(text)!;
    const operator = OPERATORS.find((o) => SIGNS[o] === sign)!;
    found.push({ operator, dimension, values: [value] });
  }
  return tidied(found);
}

function parsed(text: string): Filter[] {
  try {
    const raw = JSON.parse(text);
    return Array.isArray(raw) ? understood([raw]) : [];
  } catch {
    return [];
  }
}
