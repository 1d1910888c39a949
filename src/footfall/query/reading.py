"""A question as JSON, in the words of Plausible's Stats API v2, and how it is told back. Pure.

Ours in it are: the dimensions event:title, visit:language and time:minute, the metrics people and people_peak, the ranges
realtime and 30m for everybody, include.totals and include.comparisons (of a range that is not over, with `elapsed` only as much
of the other as there is of it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import re2  # type: ignore[import-untyped]  # it ships no types

from footfall.errors import Unanswerable
from footfall.model import Segment, Site
from footfall.query.dimensions import GOAL, Dimension, named
from footfall.query.filters import CONTAINS, IS, MATCHES, And, Filter, HasDone, Is, Not, Or
from footfall.query.metrics import METRICS, Metric
from footfall.query.periods import CUSTOM, MODES, Span, compared, so_far, span_of
from footfall.query.question import MOST_ROWS, Question, check, check_filter
from footfall.rules import MINUTE

KEYS = ("site_id", "metrics", "date_range", "dimensions", "filters", "order_by", "include", "pagination")
INCLUDES = ("imports", "time_labels", "total_rows", "totals", "comparisons")
COMPARISONS = ("mode", "date_range", "match_day_of_week", "elapsed")
MOST_CLAUSES = 1_000
DEEPEST = 10  # filters within filters
SEGMENT = "segment"
MOST_SEGMENTS = 10  # in one filter
OPERATORS = {"is": IS, "is_not": IS, "contains": CONTAINS, "contains_not": CONTAINS, "matches": MATCHES, "matches_not": MATCHES}

Include = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is about: the question, the span it is compared with, and what comes along (`include`, as it was sent)."""

    question: Question
    against: Span | None
    include: Include
    filters: list[Any]

    @property
    def totals(self) -> Question:
        """The same without groups."""
        return replace(self.question, dimensions=(), order=(), limit=1, offset=0, total=False)


def read(body: object, site: Site, now: int, since: int | None) -> Asked:
    """Raises InvalidInput, in Plausible's words where it has some."""
    asked = _object(body, "#", KEYS)
    zone = ZoneInfo(site.timezone)
    if "date_range" not in asked:
        raise Unanswerable("date_range", "#: Required property date_range was not present.")
    include = _object(asked.get("include", {}), "#/include", INCLUDES)
    limit, offset = _pagination(asked.get("pagination", {}))
    filters = _list(asked.get("filters", []), "filters")
    question = Question(
        site.id,
        span_of(asked["date_range"], now, zone, since),
        tuple(_metric(name, at) for at, name in enumerate(_list(asked.get("metrics"), "metrics"))),
        now - now % MINUTE,
        tuple(_dimension(name, f"#/dimensions/{at}") for at, name in enumerate(_list(asked.get("dimensions", []), "dimensions"))),
        _filters(filters, site.segments),
        tuple(_order(entry, at) for at, entry in enumerate(_list(asked.get("order_by", []), "order_by"))),
        limit,
        offset,
        site.goals,
        include.get("total_rows") is True,
    )
    check(question)
    if include.get("time_labels") and question.time is None:
        raise Unanswerable("include", "Invalid include.time_labels: requires a time dimension.")
    return Asked(question, _against(include.get("comparisons"), question.span, now, zone), include, filters)


def read_filters(filters: list[Any]) -> Filter:
    """Those of a segment, which names no other one. Raises InvalidInput naming the place."""
    found = _filters(filters, ())
    check_filter(found)
    return found


def told(asked: Asked, site_id: str) -> dict[str, Any]:
    """The question as it was understood."""
    question = asked.question
    return {
        "site_id": site_id,
        "metrics": [metric.name for metric in question.metrics],
        "date_range": question.span.told,
        "filters": asked.filters,
        "dimensions": [dimension.name for dimension in question.dimensions],
        "order_by": [[name, "desc" if descending else "asc"] for name, descending in question.sorting],
        "include": {name: value for name, value in asked.include.items() if value},
        "pagination": {"limit": question.limit, "offset": question.offset},
    }


def _metric(name: object, at: int) -> Metric:
    if not isinstance(name, str) or name not in METRICS:
        raise Unanswerable("metrics", f"#/metrics/{at}: Invalid metric {_shown(name)}")
    return METRICS[name]


def _dimension(name: object, where: str) -> Dimension:
    found = named(name) if isinstance(name, str) else None
    if found is None:
        raise Unanswerable("dimensions", f"{where}: Invalid dimension {_shown(name)}")
    return found


def _filters(filters: Sequence[object], segments: Sequence[Segment]) -> And:
    """All of them. A segment stands for its filters as if they were written here: about goals too, which only these may be."""
    parts: list[Filter] = []
    for at, filter in enumerate(filters):
        part = _filter(filter, f"#/filters/{at}", 0, segments)
        parts += part.parts if isinstance(part, And) else [part]
    return And(tuple(parts))


def _filter(filter: object, where: str, depth: int, segments: Sequence[Segment]) -> Filter:
    if depth > DEEPEST or not isinstance(filter, list) or not 2 <= len(filter) <= 4 or not isinstance(filter[0], str):
        raise _invalid(where, filter)
    operator, rest = filter[0], filter[1:]
    if operator in ("and", "or") and len(rest) == 1 and isinstance(rest[0], list) and rest[0]:
        parts = tuple(_filter(part, where, depth + 1, segments) for part in rest[0])
        return And(parts) if operator == "and" else Or(parts)
    if operator in ("not", "has_done", "has_not_done") and len(rest) == 1:
        part = _filter(rest[0], where, depth + 1, segments)
        if operator == "not":
            return Not(part)
        return HasDone(part) if operator == "has_done" else Not(HasDone(part))
    if operator not in OPERATORS or len(rest) < 2:
        raise _invalid(where, filter)
    if rest[0] == SEGMENT:
        return _segment(filter, where, segments)
    condition = Is(OPERATORS[operator], _dimension(rest[0], where), *_clauses(filter, rest, where))
    return Not(condition) if operator.endswith("_not") else condition


def _segment(filter: list[Any], where: str, segments: Sequence[Segment]) -> Filter:
    """Any of the named ones."""
    operator, ids = filter[0], filter[2]
    if operator != "is" or len(filter) != 3 or not isinstance(ids, list) or not 1 <= len(ids) <= MOST_SEGMENTS:
        raise Unanswerable("filters", f'{where}: Invalid filter {_shown(filter)}. Expected ["is", "segment", [ID, ...]].')
    found: list[Filter] = []
    for id in ids:
        segment = next((one for one in segments if type(id) is int and one.id == id), None)
        if segment is None:
            raise Unanswerable("filters", f"{where}: Invalid filters. There is no segment {_shown(id)} of this site.")
        found.append(_filters(segment.filters, ()))
    return found[0] if len(found) == 1 else Or(tuple(found))


def _clauses(filter: list[Any], rest: Sequence[Any], where: str) -> tuple[tuple[str, ...], bool]:
    """The values, what people read for "nothing" being understood as that, and whether large and small letters differ."""
    clauses, modifiers = rest[1], rest[2] if len(rest) == 3 else {}
    if not isinstance(modifiers, dict) or set(modifiers) - {"case_sensitive"} or not isinstance(clauses, list):
        raise _invalid(where, filter)
    sensitive = modifiers.get("case_sensitive", True)
    if not isinstance(sensitive, bool):
        raise _invalid(where, filter)
    if not 1 <= len(clauses) <= MOST_CLAUSES or not all(isinstance(clause, str) for clause in clauses):
        raise _invalid(where, filter)
    operator = OPERATORS[filter[0]]
    if operator == MATCHES:
        if not sensitive or filter[1] == GOAL:
            raise _invalid(where, filter)
        _check_patterns(clauses, where)
        return tuple(clauses), True
    found = _dimension(rest[0], where)
    empty = found.empty if operator == IS else None
    return tuple("" if clause == empty and found.name != GOAL else clause for clause in clauses), sensitive


def _check_patterns(patterns: Sequence[str], where: str) -> None:
    options = re2.Options()
    options.log_errors = False
    for pattern in patterns:
        try:
            re2.compile(pattern, options)
        except re2.error as error:
            raise Unanswerable("filters", f"{where}: Invalid regular expression {_shown(pattern)} ({_said(error)})") from error


def _said(error: re2.error) -> str:
    """What RE2 says, which is bytes."""
    said = error.args[0]
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _order(entry: object, at: int) -> tuple[str, bool]:
    if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str) or entry[1] not in ("asc", "desc"):
        raise Unanswerable("order_by", f"#/order_by/{at}: Invalid value in order_by {_shown(entry)}")
    return entry[0], entry[1] == "desc"


def _pagination(asked: object) -> tuple[int, int]:
    given = _object(asked, "#/pagination", ("limit", "offset"))
    limit, offset = given.get("limit", MOST_ROWS), given.get("offset", 0)
    if type(limit) is not int or not 1 <= limit <= MOST_ROWS:
        raise Unanswerable("pagination", f"#/pagination/limit: Expected a whole number from 1 to {MOST_ROWS}.")
    if type(offset) is not int or not 0 <= offset < 1 << 53:
        raise Unanswerable("pagination", "#/pagination/offset: Expected a whole number from 0.")
    return limit, offset


def _against(asked: object, span: Span, now: int, zone: ZoneInfo) -> Span | None:
    if asked is None:
        return None
    where = "#/include/comparisons"
    given = _object(asked, where, COMPARISONS)
    mode, weekday, elapsed = given.get("mode"), given.get("match_day_of_week", False), given.get("elapsed", False)
    if mode not in MODES or not isinstance(weekday, bool) or not isinstance(elapsed, bool):
        raise Unanswerable(
            "include", f"{where}: Expected a mode of {', '.join(MODES)}; match_day_of_week and elapsed are booleans."
        )
    if (mode == CUSTOM) != ("date_range" in given):
        raise Unanswerable("include", f"{where}: Expected a date_range if the mode is custom, and only then.")
    against = span_of(given["date_range"], now, zone) if mode == CUSTOM else compared(span, mode, weekday)
    return so_far(against, span, now) if elapsed else against


def _object(value: object, where: str, keys: Sequence[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unanswerable(where, f"{where}: Type mismatch. Expected Object.")
    for key in value:
        if key not in keys:
            raise Unanswerable(str(key), f"{where}/{key}: Schema does not allow additional properties.")
    return value


def _list(value: object, field: str) -> list[Any]:
    if value is None:
        raise Unanswerable(field, f"#: Required property {field} was not present.")
    if not isinstance(value, list):
        raise Unanswerable(field, f"#/{field}: Type mismatch. Expected Array.")
    return value


def _invalid(where: str, filter: object) -> Unanswerable:
    return Unanswerable("filters", f"{where}: Invalid filter {_shown(filter)}")


def _shown(value: object) -> str:
    try:
        text = f'"{value}"' if isinstance(value, str) else repr(value)
    except RecursionError:  # JSON may be nested nearly as deep as Python goes
        return "that is nested too deep"
    return text if len(text) <= 200 else f"{text[:200]}..."
