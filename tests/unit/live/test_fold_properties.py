"""What holds after any stream of records: the rule of repeats, conservation, totals that equal a recount of the rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from footfall import rules
from footfall.live.fold import Fold
from footfall.live.stats import stats
from footfall.model import REPEAT, RETRY, STORED, TOO_OLD, Fact, Import, Kind, Record, Refused, Rows, Sweep
from tests.unit.live.made import BOUNDED, SITE, folded, streams


@BOUNDED
@given(streams())
def test_a_view_is_a_repeat_exactly_if_a_counted_one_is_near(records: Sequence[Record]) -> None:
    """Same visitor and path, less than 30 minutes away before or after, among those folded so far; imports are among them."""
    counted = defaultdict[tuple[str, int, str], list[int]](list)
    fold = Fold()
    for seq, record in enumerate(records, 1):
        answer = fold.apply(seq, record)
        if isinstance(record, Import):
            for one in record.facts:
                counted[(one.site, one.visitor, one.path)].append(one.time)
        elif isinstance(record, Fact) and record.kind == Kind.VIEW and answer in (STORED, REPEAT):
            near = counted[(record.site, record.visitor, record.path)]
            repeats = any(abs(record.time - time) < record.window for time in near)
            assert answer == (REPEAT if repeats else STORED)
            if not repeats:
                near.append(record.time)


@BOUNDED
@given(streams())
def test_totals_are_a_recount_of_the_rows(records: Sequence[Record]) -> None:
    """Views, visitors, views by page, counting since: for every site."""
    fold, _, rows = folded(records)
    for name, site in fold.sites.items():
        counted = [row for row in rows.facts if row.counted and row.fact.site == name]
        assert site.views == len(counted)
        assert len(site.visitors) == len({row.fact.visitor for row in counted})
        assert site.since == min((row.time for row in counted), default=None)
        views = Counter(row.fact.path for row in counted)
        assert {stat.path: stat.views for stat in site.pages.ranked()} == views
    served = stats(fold.site(SITE), fold.now)
    assert served.total_page_views == sum(line.views for line in served.page_stats)
    assert served.active_visitors == sum(line.count for line in served.active_by_path)


@BOUNDED
@given(streams())
def test_received_is_the_sum_of_what_became_of_it(records: Sequence[Record]) -> None:
    """Every fact and every refusal is in the ledger once, as a row or in the state."""
    fold, answers, rows = folded(records)
    told = Counter[tuple[str, str, str, str]]()
    for record, answer in zip(records, answers, strict=True):
        if isinstance(record, Fact):
            told[(record.site, record.door, getattr(answer, "outcome", ""), getattr(answer, "reason", ""))] += 1
        elif isinstance(record, Refused):
            for site, door, reason, count in record.counts:
                told[(site, door, "rejected", reason)] += count
    ledger = Counter[tuple[str, str, str, str]]()
    for row in rows.ledger:
        ledger[(row.site, row.door, row.outcome, row.reason)] += row.count
    for (site, door, _, outcome, reason), count in fold.ledger.items():
        ledger[(site, door, outcome, reason)] += count
    assert ledger == told


@BOUNDED
@given(streams())
def test_every_visit_is_the_sum_of_its_facts(records: Sequence[Record]) -> None:
    """Once all are closed: one row for each visit that facts name, views, events, span and pages those of its facts."""
    fold, _, rows = folded(records)
    _close_everything(fold, rows)
    facts = defaultdict[int, list[int]](list)
    for at, row in enumerate(rows.facts):
        if row.visit:
            facts[row.visit].append(at)
    assert {visit.visit for visit in rows.visits} == set(facts)
    assert len(rows.visits) == len(facts)
    for visit in rows.visits:
        mine = [rows.facts[at] for at in facts[visit.visit]]
        assert visit.views == sum(row.counted for row in mine)
        assert visit.events == sum(row.fact.kind == Kind.EVENT for row in mine)
        first, fact = (
            msgspec.structs.replace(told, title="") for told in (visit.first, mine[0].fact)
        )  # a visit's row tells none
        assert first == fact
        assert visit.start <= min(row.time for row in mine)
        assert visit.end >= max(row.time for row in mine)
        views = [(row.time, at, row.fact.path) for at, row in enumerate(mine) if row.fact.kind == Kind.VIEW]
        if views:
            assert (visit.entry, visit.exit) == (min(views, key=lambda view: view[0])[2], max(views)[2])
    assert sum(len(site.visits.open) for site in fold.sites.values()) == 0
    assert sum(len(site.minutes.moments) for site in fold.sites.values()) == 0
    assert len({(row.site, row.minute, row.visitor) for row in rows.minutes}) == len(rows.minutes)


@BOUNDED
@given(streams(), st.lists(st.integers(0, 40), max_size=9))
def test_sending_again_adds_retries_alone(records: Sequence[Record], which: list[int]) -> None:
    """Any facts of our own doors, sent again at once or after everything else: no row, no total, nobody moves."""
    fold, verdicts, _ = folded(records)
    recent = [
        record
        for record, verdict in zip(records, verdicts, strict=True)
        if isinstance(record, Fact) and verdict not in (RETRY, TOO_OLD)
        if record.door != rules.ORIGINAL and record.arrival > fold.now - rules.WINDOW_KEPT
    ]
    before = [(name, stats(site, fold.now)) for name, site in fold.sites.items()]
    again = [recent[number % len(recent)] for number in which if recent]
    _, answers, rows = folded(again, fold)
    assert answers == [RETRY] * len(again)
    assert len(rows) == 0
    assert [(name, stats(site, fold.now)) for name, site in fold.sites.items()] == before


def _close_everything(fold: Fold, rows: Rows) -> None:
    """Sweep when everything is final."""
    later = fold.now + 2 * rules.WINDOW_KEPT
    while fold.sweepable(later):
        _, _, more = folded([Sweep(later)], fold)
        rows.visits += more.visits
        rows.minutes += more.minutes
