"""The live page at any past time: for each minute the people, the pages they read, the countries they were in. Pure.

History has the minutes that are final, the live state the others; a minute is in one of the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from footfall.history.base import Statement
from footfall.journal.base import Vector
from footfall.query.sql import reached
from footfall.rules import MINUTE

MOST_MINUTES = 24 * 60
TOP_PAGES = 50  # of each minute
TOP_COUNTRIES = 250
CANDIDATES = 2_000  # most read paths of the whole span, of which strangers see those that are named
SECONDS = 5.0

Titles = tuple[str, str]  # by the rules, and as reported

_SPAN = "site = ? AND {} AND minute_ms >= ? AND minute_ms < ?"
_MINUTE, _PAGE, _COUNTRY = range(3)


class PageHere(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A page and how many read it in that minute; its titles are those of today."""

    path: str
    title: str
    here: int
    reported: str = ""


class CountryHere(msgspec.Struct, frozen=True, gc=False):
    """A country and how many were in it."""

    country: str
    here: int


class ReplayMinute(msgspec.Struct, frozen=True):
    """One minute, the most readers first."""

    people: int
    pages: list[PageHere]
    countries: list[CountryHere]


class Replay(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """The minutes from `from` on."""

    site: str
    from_: int
    minutes: list[ReplayMinute]


@dataclass(slots=True)
class Tally:
    """Who was here in one minute."""

    people: int = 0
    pages: Counter[str] = field(default_factory=Counter)
    countries: Counter[str] = field(default_factory=Counter)


def busiest(site: str, start: int, end: int, upto: Vector) -> Statement:
    """The paths that were read most in [start, end), in minutes of history up to `upto`."""
    until = reached(upto)
    sql = (
        f"SELECT path FROM minutes WHERE {_SPAN.format(until.text)} GROUP BY path ORDER BY count(*) DESC, path LIMIT {CANDIDATES}"
    )
    return Statement(sql, (site, *until.params, start, end), seconds=SECONDS)


def statement(site: str, start: int, end: int, upto: Vector, named: Sequence[str] | None = None) -> Statement:
    """(0, minute, "", people), (1, minute, path, readers) and (2, minute, country, people). With `named` only these paths and no
    countries."""
    until = reached(upto)
    params: list[object] = [site, *until.params, start, end]
    if named is None:
        paths, countries = "", f" UNION ALL {_top(_COUNTRY, 'country', TOP_COUNTRIES)}"
    else:
        paths, countries = " WHERE path IN (SELECT text FROM texts(?))", ""
        params.append(msgspec.json.encode([{"text": path} for path in named]).decode())
    sql = (
        f"WITH span AS (SELECT minute_ms, path, country FROM minutes WHERE {_SPAN.format(until.text)})"
        f" SELECT {_MINUTE}, minute_ms, '', count(*) FROM span GROUP BY minute_ms"
        f" UNION ALL {_top(_PAGE, 'path', TOP_PAGES, paths)}{countries}"
    )
    return Statement(sql, params, seconds=SECONDS)


def _top(kind: int, column: str, most: int, condition: str = "") -> str:
    """The most frequent of each minute, ties by name. An aggregate that keeps so many takes half the time of a window that sorts
    them all."""
    counts = f"SELECT minute_ms, (-count(*), {column}) AS line FROM span{condition} GROUP BY minute_ms, {column}"
    first = f"SELECT minute_ms, arrayJoin(smallest({most}, line)) AS top FROM ({counts}) GROUP BY minute_ms"
    return f"SELECT {kind}, minute_ms, tupleElement(top, 2), -tupleElement(top, 1) FROM ({first})"


def paths_of(rows: Iterable[Sequence[object]], live: Iterable[Tally]) -> set[str]:
    """Every path in the statement's rows and in the minutes of the live state."""
    return {str(row[2]) for row in rows if row[0] == _PAGE}.union(*(tally.pages for tally in live))


def tallies(rows: Iterable[Sequence[object]]) -> dict[int, Tally]:
    """The statement's rows by minute."""
    found: dict[int, Tally] = {}
    for kind, minute, name, count in rows:
        if not isinstance(minute, int) or not isinstance(count, int):
            raise TypeError(f"whole numbers were expected from history, not {minute!r} and {count!r}")
        tally = found.setdefault(minute, Tally())
        if kind == _MINUTE:
            tally.people = count
        else:
            (tally.pages if kind == _PAGE else tally.countries)[str(name)] = count
    return found


def replay(
    site: str, start: int, minutes: int, tallies: Mapping[int, Tally], titles: Mapping[str, Titles], owner: bool
) -> Replay:
    """The answer. Pages without `titles` are left out; strangers get no countries."""
    nobody, lines = Tally(), []
    for minute in range(start, start + minutes * MINUTE, MINUTE):
        tally = tallies.get(minute, nobody)
        pages = [(path, here) for path, here in tally.pages.items() if path in titles]
        lines.append(
            ReplayMinute(
                tally.people,
                [PageHere(path, titles[path][0], here, titles[path][1]) for path, here in _most_first(pages)[:TOP_PAGES]],
                [CountryHere(*entry) for entry in _most_first(tally.countries.items())] if owner else [],
            )
        )
    return Replay(site, start, lines)


def _most_first(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(counts, key=lambda entry: (-entry[1], entry[0]))
