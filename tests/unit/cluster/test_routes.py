"""Where records go, and that nothing is judged differently because of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from footfall import rules
from footfall.cluster import routes
from footfall.live.fold import Fold
from footfall.live.runs import mix
from footfall.model import (
    Adopt,
    Erase,
    Fact,
    FactRow,
    Import,
    Kind,
    LedgerRow,
    MinuteRow,
    Publish,
    Record,
    Refused,
    Sweep,
    VisitRow,
)
from tests.unit.live.made import BOUNDED, MINUTE, SITE, START, fact, streams

PARTITIONS = 4
APART = 5 * MINUTE  # so far a partition may be ahead of another, at most


def test_all_facts_of_a_visitor_go_to_one_partition() -> None:
    """Whatever they tell, in their order; and visitors are spread."""
    facts = [fact(kind, visitor=mix(visitor, 7)) for visitor in range(200) for kind in Kind]
    parts = routes.of_facts(facts, PARTITIONS)
    assert sorted(parts) == list(range(PARTITIONS))
    assert sorted((one for part in parts.values() for one in part), key=facts.index) == facts
    for number, part in parts.items():
        assert {routes.of_visitor(one.visitor, PARTITIONS) for one in part} == {number}
        assert list(part) == [one for one in facts if one in part]
    assert routes.of_facts(facts[:1], PARTITIONS) == {routes.of_visitor(facts[0].visitor, PARTITIONS): facts[:1]}


def test_what_moves_everybody_goes_to_all_what_is_a_sites_to_one() -> None:
    """A sweep and an erase are copied; a publish and counts of refusals are where their site is."""
    for command in (Sweep(1, "*"), Erase(SITE, 1)):
        assert routes.of_command(command, PARTITIONS) == dict.fromkeys(range(PARTITIONS), command)
        assert routes.is_copied(command)
    place = routes.of_site(SITE, PARTITIONS)
    for single in (Publish(SITE, 1, "post", "a", "A", True), Refused(1, ((SITE, "script", "site", 1),))):
        assert routes.of_command(single, PARTITIONS) == {place: single}
        assert not routes.is_copied(single)


def test_a_chunk_is_cut_by_visitor() -> None:
    """Nothing of it is lost or doubled, and each part has its visitors alone."""
    facts = tuple(fact(visitor=mix(visitor, 1)) for visitor in range(50))
    parts = routes.of_command(Import(SITE, 1, facts), PARTITIONS)
    taken = [one for part in parts.values() if isinstance(part, Import) for one in part.facts]
    assert sorted(one.id for one in taken) == sorted(one.id for one in facts)
    whole = Adopt(
        SITE,
        1,
        tuple(FactRow(n, 0, one.time, True, 0, one) for n, one in enumerate(facts)),
        tuple(VisitRow(n, 0, n, 1, 2, "/", "/", 1, 0, 0, one) for n, one in enumerate(facts)),
        tuple(MinuteRow(n, 0, SITE, MINUTE, one.visitor, "/", "", 0) for n, one in enumerate(facts)),
        (LedgerRow(1, 0, SITE, "script", 0, "stored", "", 3),),
    )
    adopted = routes.of_command(whole, PARTITIONS)
    for table in ("facts", "visits", "minutes", "ledger"):
        rows = [row for part in adopted.values() for row in getattr(part, table)]
        assert sorted(rows, key=str) == sorted(getattr(whole, table), key=str)
    for number, part in adopted.items():
        assert isinstance(part, Adopt)
        visitors = [row.fact.visitor for row in part.facts] + [row.first.visitor for row in part.visits]
        assert {routes.of_visitor(visitor, PARTITIONS) for visitor in visitors} <= {number}


@BOUNDED
@given(streams(), st.randoms(use_true_random=False))
def test_the_order_among_partitions_is_of_no_consequence(stream: Sequence[Record], random: Any) -> None:
    """One fold over all of them, in any order that keeps each one's own, and a fold for each: the same verdicts, rows, counters,
    readers and visits. As everywhere, an id is one among the visitors of a share, and nobody is late to the last minute."""
    facts = [_of_a_share(record) for record in stream if isinstance(record, Fact) and record.age < rules.LATENESS - APART]
    lanes = {number: list(part) for number, part in routes.of_facts(facts, PARTITIONS).items()}
    each = [_folded(part) for part in lanes.values()]
    told, whole = _folded(_interleaved(lanes, random))
    assert told == {id: verdict for verdicts, _ in each for id, verdict in verdicts.items()}
    for site in whole.sites:
        parts = [fold.sites[site] for _, fold in each if site in fold.sites]
        state = whole.sites[site]
        assert state.views == sum(part.views for part in parts)
        assert len(state.visitors) == sum(len(part.visitors) for part in parts)
        assert state.visits.open == {visitor: visits for part in parts for visitor, visits in part.visits.open.items()}
        assert state.presence.readers.keys() == {visitor for part in parts for visitor in part.presence.readers}


def _of_a_share(one: Fact) -> Fact:
    id = mix(one.id, routes.of_visitor(one.visitor, PARTITIONS))
    return msgspec.structs.replace(one, id=id, arrival=START + one.arrival % APART)


def _interleaved(lanes: dict[int, list[Fact]], random: Any) -> list[Fact]:
    left = {number: list(part) for number, part in lanes.items()}
    order = []
    while left:
        number = random.choice(sorted(left))
        order.append(left[number].pop(0))
        if not left[number]:
            del left[number]
    return order


def _folded(facts: Sequence[Fact]) -> tuple[dict[int, list[object]], Fold]:
    """Verdicts and rows by the fact's id, in its own order, and the fold."""
    fold, told = Fold(), dict[int, list[object]]()
    for seq, one in enumerate(facts, 1):
        told.setdefault(one.id, []).append(fold.apply(seq, one))
    for row in fold.take_rows().facts:
        told[row.fact.id].append((row.time, row.counted, row.visit))
    return told, fold
