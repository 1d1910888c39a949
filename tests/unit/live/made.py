"""What the tests of the fold are made of: facts with short defaults, random streams of records, a fold to put them through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from footfall import rules
from footfall.live.fold import Fold
from footfall.model import Fact, Import, Kind, Publish, Record, Refused, Rows, Sweep

SITE = "blog"
START = 1_771_000_200_000  # a multiple of 30 minutes, so that slots are easy to see
MINUTE = rules.MINUTE

BOUNDED = settings(max_examples=150, derandomize=True, deadline=None)


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

# Steps between two arrivals: mostly short, often at a limit of some rule or beside it.
_LIMITS = (rules.LEAVE_GRACE, rules.EARLY_BEAT, rules.PRESENCE_TIMEOUT, rules.REPEAT_WINDOW, rules.WINDOW_KEPT)
STEPS = st.one_of(
    st.integers(0, 5_000),
    st.integers(0, 90 * MINUTE),
    st.builds(lambda limit, by: limit + by, st.sampled_from(_LIMITS), st.integers(-1, 1)),
)
AGES = st.one_of(st.just(0), st.just(0), st.integers(0, rules.LATENESS), st.integers(rules.LATENESS - 1, rules.LATENESS + 1))
PATHS = st.sampled_from(["/", "/a", "/b", "\0"])
VISITORS = st.integers(1, 4).map(lambda number: number * 0x9E3779B97F4A7C15 & (1 << 64) - 1)
COORDINATES = st.sampled_from([None, 0.0, 1.5, -77.0, 200.0])
COUNTRIES = st.sampled_from([None, "", "DE", "NZ"])


@st.composite
def facts(draw: st.DrawFn, arrival: int) -> Fact:
    """Any fact that arrives then; its id may have been seen before, and what it says need not be the same then."""
    kind, door = draw(st.sampled_from([Kind.VIEW, Kind.VIEW, *Kind])), draw(st.sampled_from(rules.DOORS))
    if door == rules.ORIGINAL:
        kind = draw(st.sampled_from([Kind.VIEW, Kind.BEAT]))
    return Fact(
        site=draw(st.sampled_from([SITE, SITE, "other"])),
        kind=kind,
        visitor=draw(VISITORS),
        id=draw(st.integers(1, 2**64 - 1) | st.integers(1, 6)),
        door=door,
        arrival=arrival,
        age=0 if door == rules.ORIGINAL else draw(AGES),
        path=draw(PATHS),
        bot=draw(st.sampled_from(["", "", "", "", "agent"])),
        country=draw(COUNTRIES),
        city=draw(COUNTRIES),
        latitude=draw(COORDINATES),
        longitude=draw(COORDINATES),
        engaged=draw(st.integers(0, 9_000)),
    )


@st.composite
def streams(draw: st.DrawFn, most: int = 40, commands: bool = True) -> Sequence[Record]:
    """Records in the order of arrival, time never going back."""
    now, records = START, list[Record]()
    for _ in range(draw(st.integers(1, most))):
        now += draw(STEPS)
        what = draw(st.integers(0, 11)) if commands else 11
        if what == 0:
            records.append(Sweep(now, draw(st.sampled_from(["", "*", SITE]))))
        elif what == 1:
            titled = draw(st.sampled_from(["a", "b", ""])), draw(st.sampled_from(["A", ""])), draw(st.booleans())
            records.append(Publish(SITE, now, draw(st.sampled_from(["post", "page"])), *titled))
        elif what == 2:
            times = draw(st.lists(st.integers(now - 3 * rules.HOUR, now + rules.HOUR), max_size=4))
            imported = [msgspec.structs.replace(draw(facts(time)), kind=Kind.VIEW, age=0, bot="", site=SITE) for time in times]
            records.append(Import(SITE, now, tuple(imported)))
        elif what == 3:
            records.append(Refused(now, ((SITE, rules.SCRIPT, "malformed", draw(st.integers(1, 3))),)))
        else:
            records.append(draw(facts(now)))
    return records
