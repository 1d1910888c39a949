"""What the tests of the fold are made of: facts with short defaults, random streams of records, a fold to put them through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from operator import add
from typing import Any, TypeVar

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from footfall import rules
from footfall.live.fold import Fold
from footfall.live.runs import mix
from footfall.model import Fact, Import, Kind, Publish, Record, Refused, Rows, Sweep
from tests.examples import examples

SITE = "blog"
START = 1_771_000_200_000  # a multiple of 30 minutes, so that slots are easy to see
MINUTE = rules.MINUTE

BOUNDED = settings(examples(80), derandomize=True)


def fact(kind: Kind = Kind.VIEW, path: str = "/", at: int = START, age: int = 0, visitor: int = 1, **fields: Any) -> Fact:
    """A fact of our own door that happened at `at` and arrived `age` later; its id is new unless given."""
    plain: dict[str, Any] = {"site": SITE, "door": rules.SCRIPT, "id": next(_IDS)}
    return Fact(kind=kind, path=path, visitor=visitor, arrival=at + age, age=age, **(plain | fields))


_IDS = (number * 0x9E3779B97F4A7C15 & (1 << 64) - 1 for number in count(1))


def folded(records: Iterable[Record], into: Fold | None = None) -> tuple[Fold, list[object], Rows]:
    """A fold after these records, its answers and its rows."""
    fold = into or Fold()
    answers = [fold.apply(seq, record) for seq, record in enumerate(records, fold.seq + 1)]
    return fold, answers, fold.take_rows()


# --- random streams: what happened within some hours, in the order of arrival ---
# One record is some random bytes, so that Hypothesis draws fast; fewer and smaller bytes make plainer records.

LIMITS = (rules.LEAVE_GRACE, rules.EARLY_BEAT, rules.PRESENCE_TIMEOUT, rules.REPEAT_WINDOW, rules.WINDOW_KEPT)
STEPS = st.one_of(st.integers(0, 90 * MINUTE), st.builds(add, st.sampled_from(LIMITS), st.integers(-1, 1)))
PATHS = ("/", "/a", "/b", "\0")
COUNTRIES = (None, "", "DE", "NZ")
DEGREES = (None, 0.0, 1.5, -77.0, 200.0)
T = TypeVar("T")


class Choices:
    """Choices made by bytes; after the last one everything is the first of its kind."""

    def __init__(self, choices: bytes) -> None:
        self._bytes = iter(choices)

    def number(self, low: int, high: int) -> int:
        """Both included."""
        drawn = sum(next(self._bytes, 0) << shift for shift in (0, 8, 16))
        return low + drawn % (high - low + 1)

    def of(self, options: Sequence[T]) -> T:
        return options[next(self._bytes, 0) % len(options)]

    def step(self) -> int:
        """Between two arrivals: often short, or at a limit of some rule or beside it."""
        kind = self.of((0, 1, 2, 2, 3))
        if kind == 2:
            return self.of(LIMITS) + self.of((0, 1, -1))
        return (0, self.number(0, 5_000), 0, self.number(0, 90 * MINUTE))[kind]

    def fact(self, arrival: int) -> Fact:
        """Any fact that arrives then; its id may have been seen within the hour, and what it says need not be the same then."""
        door = self.of((rules.SCRIPT, rules.ORIGINAL, rules.PIXEL))
        kind = self.of((Kind.VIEW, Kind.BEAT) if door == rules.ORIGINAL else (Kind.VIEW, *Kind))
        site = self.of((SITE, SITE, "other"))
        seen = door != rules.ORIGINAL and self.of((False, False, True))
        return Fact(
            site=site,
            kind=kind,
            visitor=mix(self.number(1, 4), len(site)),
            id=mix(self.number(1, 4), arrival // rules.WINDOW_KEPT) if seen else next(_IDS),
            door=door,
            arrival=arrival,
            age=0
            if door == rules.ORIGINAL
            else self.of((0, 0, self.number(0, rules.LATENESS), rules.LATENESS, rules.LATENESS + 1)),
            path=self.of(PATHS),
            bot=self.of(("", "", "", "", "agent")),
            country=self.of(COUNTRIES),
            city=self.of(COUNTRIES),
            latitude=self.of(DEGREES),
            longitude=self.of(DEGREES),
            engaged=self.of((0, 5_000)),
            title=self.of(("", "A title", "Another", " ")),
        )

    def record(self, now: int) -> Record:
        """A fact, mostly, or a command."""
        match self.of(("fact",) * 9 + ("sweep", "publish", "import", "refused")):
            case "sweep":
                return Sweep(now, self.of(("", "*", SITE)))
            case "publish":
                kind, slug, title = self.of(("post", "page")), self.of(("a", "b", "")), self.of(("A", ""))
                return Publish(SITE, now, kind, slug, title, self.of((True, False)))
            case "import":
                times = [now + self.number(-3 * rules.HOUR, rules.HOUR) for _ in range(self.of((0, 1, 2, 4)))]
                views = (Choices(bytes([1, 0, 0, *self._bytes, time % 7])).fact(time) for time in times)
                return Import(
                    SITE, now, tuple(msgspec.structs.replace(view, kind=Kind.VIEW, bot="", site=SITE) for view in views)
                )
            case "refused":
                return Refused(now, ((SITE, rules.SCRIPT, "malformed", self.number(1, 3)),))
        return self.fact(now)


def _stream(drawn: Sequence[bytes]) -> Sequence[Record]:
    now, records = START, list[Record]()
    for choices in map(Choices, drawn):
        now += choices.step()
        records.append(choices.record(now - choices.of((0, 0, 0, 0, 0, 0, 1, rules.CLOCK_TOLERANCE))))
    return records


def streams(most: int = 40, least: int = 1) -> st.SearchStrategy[Sequence[Record]]:
    """Records in the order of the journal: time goes on, but now and then a clock is behind, as far as it may be."""
    return st.lists(st.binary(min_size=32, max_size=32), min_size=least, max_size=most).map(_stream)


def state_of(fold: Fold) -> tuple[Any, ...]:
    """Everything that a fact without effect must leave alone."""
    site = fold.site(SITE)
    readers, visits = dict(site.presence.readers), dict(site.visits.open)
    return site.views, len(site.visitors), site.since, site.pages.ranked(), readers, visits, dict(site.minutes.people)
