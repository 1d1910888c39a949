"""The demo's past: what its readers would have left in the weeks before, made by the same intake and the same fold as everything.

Nothing is claimed that could not have happened: each fact is judged at its own time, in order, and what comes out are rows as an
export has them. Pure but for being slow: randomness, addresses and the intake are arguments; it asks no clock.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from footfall.demo.readers import Fact, Reader, somebody, visit
from footfall.demo.world import ORIGIN, SITE
from footfall.intake import Caller, Intake, Place
from footfall.live.fold import Fold
from footfall.model import Adopt, Rows, Sweep
from footfall.rules import DAY, HOUR, MINUTE

DAYS = 63  # nine weeks: four to look at, the four before to compare with
VISITS_A_DAY = 60
GROWTH = 0.6  # of the visits a day at the end, how many more than at the beginning
WEEKEND = 0.7
REST = 70 * MINUTE  # before now: everything earlier is final, and the live readers begin after it
CHUNK = 1_000  # rows of a kind

Made = Callable[[Fold], Intake]


def past(chance: random.Random, addresses: Mapping[str, Sequence[str]], now: int, made: Made) -> Iterator[Adopt]:
    """The rows of DAYS days that end REST before `now`, in chunks; `made` gives the intake that goes with a fold."""
    fold = Fold()
    intake = made(fold)
    seq = hour = 0
    for time, number, reader, fact in _facts(chance, addresses, now):
        if time // HOUR > hour:
            hour, seq = time // HOUR, _swept(fold, seq, time)
            if len(fold.rows) >= CHUNK:
                yield from _chunks(fold.take_rows(), now)
        told = {**fact, "s": SITE, "i": f"{number:032x}", "a": 0}
        for judged in intake.collect(msgspec.json.encode([told]), _caller(reader, time)).facts:
            seq += 1
            fold.apply(seq, judged)
    _swept(fold, seq, now)
    yield from _chunks(fold.take_rows(), now)


def _facts(chance: random.Random, addresses: Mapping[str, Sequence[str]], now: int) -> Iterator[tuple[int, int, Reader, Fact]]:
    """All that is told, in the order of time: day by day, so that a day's facts are all that is held."""
    readers: list[Reader] = []
    number, over, carried = 0, now - REST, list[tuple[int, int, Reader, Fact]]()
    for day in range((over - DAYS * DAY) // DAY, over // DAY + 1):
        for start in _arrivals(chance, day, over):
            reader = _one(chance, addresses, readers)
            at = float(start)
            for pause, facts in visit(reader, chance):
                at += pause * 1000
                for fact in facts:
                    number += 1
                    carried.append((int(at), number, reader, fact))
        carried.sort(key=lambda told: told[:2])
        cut = min((day + 1) * DAY, over)
        yield from (told for told in carried if told[0] < cut)
        carried = [told for told in carried if told[0] >= cut]


def _arrivals(chance: random.Random, day: int, over: int) -> list[int]:
    """When visits of a day begin: more in the evening of Europe than at night, fewer at weekends, more from week to week."""
    weekend = datetime.fromtimestamp(day * DAY // 1000, UTC).weekday() >= 5
    progress = 1 - (over // DAY - day) / DAYS
    mean = VISITS_A_DAY * (1 + GROWTH * progress) * (WEEKEND if weekend else 1) * chance.uniform(0.85, 1.15)
    hours = [1 + 0.8 * math.sin((hour - 10) / 24 * 2 * math.pi) for hour in range(24)]
    drawn = chance.choices(range(24), hours, k=round(mean))
    return sorted(day * DAY + hour * HOUR + chance.randrange(HOUR) for hour in drawn)


def _one(chance: random.Random, addresses: Mapping[str, Sequence[str]], readers: list[Reader]) -> Reader:
    """A new reader, or one in four times somebody who was here before."""
    if readers and chance.random() < 0.25:
        return chance.choice(readers)
    reader = somebody(chance, addresses)
    readers.append(reader)
    del readers[:-800]
    return reader


def _caller(reader: Reader, time: int) -> Caller:
    place = reader.place
    where = Place(place.country, place.region and f"{place.country}-{place.region}", place.city, place.latitude, place.longitude)
    return Caller(reader.address, time, reader.user_agent, ORIGIN, "", place.language, False, where)


def _swept(fold: Fold, seq: int, time: int) -> int:
    """Everything that is final by then is a row; the seq of the last sweep."""
    seq += 1
    fold.apply(seq, Sweep(time))
    while fold.sweepable(time):
        seq += 1
        fold.apply(seq, Sweep(time))
    return seq


def _chunks(rows: Rows, now: int) -> Iterator[Adopt]:
    for kind in ("facts", "visits", "minutes", "ledger"):
        those = getattr(rows, kind)
        for start in range(0, len(those), CHUNK):
            yield Adopt(SITE, now, **{kind: tuple(those[start : start + CHUNK])})
