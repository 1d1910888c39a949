"""Rows of the model as flat rows of a table, and back: one order of columns for every backend. Pure.

The columns are those of schema/*.sql, in the same order. Facts come back whole; visits keep of their first fact the source,
the place and the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import astuple

from footfall.model import ContentRow, Erase, Fact, FactRow, Kind, LedgerRow, MinuteRow, Reclassify, VisitRow

Values = tuple[Any, ...]  # one flat row

_RENAMED = {"arrival": "arrival_ms", "age": "age_ms", "window": "window_ms"}  # times say so; `window` is a word of SQL
_FACT_FIELDS = tuple(field.name for field in msgspec.structs.fields(Fact))
_OF_FIRST = (
    "site",
    "visitor",
    "door",
    "hostname",
    "referrer",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "country",
    "region",
    "city",
    "latitude",
    "longitude",
    "browser",
    "browser_version",
    "os",
    "os_version",
    "device",
    "language",
    "screen",
    "storageless",
    "source",
    "channel",
)

FACTS = ("seq", "n", "ts_ms", "counted", "visit", *(_RENAMED.get(name, name) for name in _FACT_FIELDS))
VISITS = ("seq", "n", "visit", "start_ms", "end_ms", "entry", "exit", "views", "events", "engaged", *_OF_FIRST)
LEDGER = ("seq", "n", "site", "door", "hour_ms", "outcome", "reason", "count")
MINUTES = ("seq", "n", "site", "minute_ms", "visitor", "path", "country", "visit")
CONTENT = ("seq", "n", "site", "kind", "slug", "title", "published")
COLUMNS = {  # by table, as SQL
    table: ", ".join(names)
    for table, names in {"facts": FACTS, "visits": VISITS, "minutes": MINUTES, "ledger": LEDGER, "content": CONTENT}.items()
}

_PROPS = FACTS.index("props")
_VISIT_OWN = len(VISITS) - len(_OF_FIRST)
_of_first = attrgetter(*_OF_FIRST)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str] | None).decode


def fact_values(row: FactRow) -> Values:
    """In the order of FACTS; properties as JSON text."""
    fact = row.fact
    values = (row.seq, row.n, row.time, row.counted, row.visit, *astuple(fact))
    if fact.props is None:
        return values
    return (*values[:_PROPS], _encode(fact.props).decode(), *values[_PROPS + 1 :])


def fact_row(values: Sequence[Any]) -> FactRow:
    """The FactRow that `fact_values` was given."""
    fact = list(values[5:])
    if fact[_PROPS - 5] is not None:
        fact[_PROPS - 5] = _decode(fact[_PROPS - 5])
    return FactRow(values[0], values[1], values[2], values[3], values[4], Fact(*fact))


def visit_row(values: Sequence[Any]) -> VisitRow:
    """The row again; of its first fact what a visit keeps, the rest is empty."""
    kept = dict(zip(_OF_FIRST, values[_VISIT_OWN:], strict=True))
    first = Fact(kind=Kind.VIEW, id=0, arrival=values[3], age=0, path=values[5], **kept)
    own = dict(zip(VisitRow.__struct_fields__[:_VISIT_OWN], values[:_VISIT_OWN], strict=True))
    return VisitRow(**own, first=first)


def minute_row(values: Sequence[Any]) -> MinuteRow:
    """The row again."""
    return MinuteRow(*values)


def ledger_row(values: Sequence[Any]) -> LedgerRow:
    """The row again."""
    return LedgerRow(*values)


def content_row(values: Sequence[Any]) -> ContentRow:
    """The row again."""
    return ContentRow(*values)


def visit_values(row: VisitRow) -> Values:
    """In the order of VISITS."""
    return (*astuple(row)[:-1], *_of_first(row.first))


def minute_values(row: MinuteRow) -> Values:
    """In the order of MINUTES."""
    return astuple(row)


def ledger_values(row: LedgerRow) -> Values:
    """In the order of LEDGER."""
    return astuple(row)


def content_values(row: ContentRow) -> Values:
    """In the order of CONTENT."""
    return astuple(row)


TEXTS = tuple(field.name for field in msgspec.structs.fields(Fact) if field.type in (str, str | None) and field.name != "site")
_MEETS = {"is": "{} = ?", "is_not": "{} <> ?", "contains": "position(? IN {}) > 0", "contains_not": "position(? IN {}) = 0"}
OPERATORS = tuple(_MEETS)


def touching(change: Reclassify, *, done: bool = False) -> tuple[str, list[Any]]:
    """A condition with its parameters: the facts that are a bot's or a person's from now on, or, `done`, that have become so.
    Fields are those of TEXTS, operators those of OPERATORS: no other name becomes SQL."""
    conditions, params = ["site = ?"], list[Any]([change.site])
    for condition, number in {"visitor = ?": change.visitor, "ts_ms >= ?": change.first, "ts_ms <= ?": change.last}.items():
        if number is not None:
            conditions.append(condition)
            params.append(number)
    for field, operator, value in change.where:
        if done and field == "bot":
            continue
        conditions.append(_MEETS[operator].format(f"coalesce({TEXTS[TEXTS.index(field)]}, '')"))
        params.append(value)
    conditions.append("bot = ?" if done else "bot = ''" if change.bot else "bot <> ''")
    return f"({' AND '.join(conditions)})", [*params, *([change.bot] if done else [])]


def matching(erase: Erase) -> tuple[str, list[Any]]:
    """A condition with its parameters: the facts that an erase is about."""
    return _matching(erase, "ts_ms")


def matching_minutes(erase: Erase) -> tuple[str, list[Any]]:
    """The same for minutes. They follow the same fields, but know no page type: an erase by that is about none of them."""
    return ("1 = 0", []) if erase.page_type is not None else _matching(erase, "minute_ms")


def _matching(erase: Erase, time: str) -> tuple[str, list[Any]]:
    wanted = {
        "site = ?": erase.site,
        "path = ?": erase.path,
        "visitor = ?": erase.visitor,
        "page_type = ?": erase.page_type,
        f"{time} >= ?": erase.first,
        f"{time} <= ?": erase.last,
    }
    given = {condition: value for condition, value in wanted.items() if value is not None}
    return " AND ".join(given), list(given.values())
