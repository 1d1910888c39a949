"""A state that is cut by partition goes on as the whole one does: what follows makes the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from footfall.cluster import routes
from footfall.cluster.shares import share_of, with_ids
from footfall.intake.identity import shared
from footfall.live import checkpoint
from footfall.live.fold import Fold
from footfall.model import EARLY, RETRY, Fact, Kind, Record, Rows, Sweep
from tests.unit.live.made import BOUNDED, START, fact, folded, streams

SHARES = 3


@BOUNDED
@given(streams(), st.integers(0, 40))
def test_shares_make_the_rows_of_the_whole(records: Sequence[Record], cut: int) -> None:
    """Facts, visits, minutes and the ledger, with what was open when it was cut; and all of it went through a checkpoint."""
    before = folded(records[:cut])[0]
    whole = _reopened(with_ids(before, range(SHARES)))
    shares = [_reopened(share_of(before, number, SHARES)) for number in range(SHARES)]
    later = list(_in_step(records[cut:], before.now))
    for number, share in enumerate(shares):
        for seq, record in enumerate(later, 1):
            if (part := _parts(record).get(number)) is not None:
                share.apply(seq, part)
    expected = folded((_parts(record).popitem()[1] if isinstance(record, Fact) else record for record in later), whole)[2]
    assert sum((_told(share.take_rows()) for share in shares), Counter()) == _told(expected)


def _in_step(records: Iterable[Record], now: int) -> Iterable[Record]:
    """A sweep before each, so that all shares have one clock; and all is closed at the end."""
    for record in records:
        now = max(now, record.arrival if isinstance(record, Fact) else record.at)
        yield Sweep(now)
        yield record
    yield from (Sweep(max(now, START) + 100 * 3_600_000 + step) for step in range(4))


def _parts(record: Record) -> dict[int, Record]:
    if not isinstance(record, Fact):
        return dict(routes.of_command(record, SHARES))
    fact = msgspec.structs.replace(record, id=shared(record.id, record.visitor, SHARES))
    return {routes.of_visitor(fact.visitor, SHARES): fact}


def _reopened(fold: Fold) -> Fold:
    return checkpoint.restored(list(checkpoint.encoded(fold)), fold.now)


def _told(rows: Rows) -> Counter[Any]:
    """Without the places of rows; lines of the ledger add up."""
    told: Counter[Any] = Counter()
    for line in rows.ledger:
        told[line.site, line.door, line.hour, line.outcome, line.reason] += line.count
    for row in (*rows.facts, *rows.visits, *rows.minutes, *rows.content):
        told[msgspec.json.encode(msgspec.structs.replace(row, seq=0, n=0))] += 1
    return told


def test_what_is_sent_again_is_known() -> None:
    """A fact of before, and a beat that comes too early after it: in its share and in the whole, by the id that it has now."""
    for visitor in range(1, 7):
        view = fact(visitor=visitor)
        early = fact(Kind.BEAT, visitor=visitor, at=START + 1)
        before = folded([view])[0]
        number = routes.of_visitor(visitor, SHARES)
        for fold in share_of(before, number, SHARES), with_ids(before, range(SHARES)):
            again = [_parts(one)[number] for one in (view, early)]
            assert folded(again, _reopened(fold))[1] == [RETRY, EARLY]
