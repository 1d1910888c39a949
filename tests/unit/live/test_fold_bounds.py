"""What the fold lets one site, and all together, take of the memory."""

from __future__ import annotations

import msgspec
import pytest

from footfall import rules
from footfall.model import (
    STORED,
    FactRow,
    Import,
    Kind,
    LedgerRow,
    Publish,
    Record,
    Refused,
    Sweep,
    Verdict,
)
from tests.unit.live.made import SITE, START, fact, folded, state_of

LATE = rules.LATENESS
KEPT = rules.WINDOW_KEPT
HOUR_OF_START = START - START % rules.HOUR


def test_more_paths_than_a_site_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """A view of a further one is rejected whole, and again whenever it is sent; known paths and other sites go on."""
    monkeypatch.setattr(rules, "MAX_PATHS", 2)
    fold, _, _ = folded([fact(path="/a"), fact(path="/b")])
    before, further = state_of(fold), fact(path="/c", visitor=2)
    _, answers, rows = folded([further, further], fold)
    assert answers == [Verdict("rejected", "too_many_paths")] * 2
    assert (state_of(fold), len(rows)) == (before, 0)
    others = [fact(path="/a", visitor=2), fact(path="/c", site="other"), fact(path="/c", bot="agent"), fact(Kind.EVENT, "/c")]
    _, answers, _ = folded(others, fold)
    assert answers == [STORED, STORED, Verdict("bot", "agent"), STORED]
    assert fold.ledger[(SITE, rules.SCRIPT, HOUR_OF_START, "rejected", "too_many_paths")] == 2


def test_bytes_of_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in UTF-8; as many as may be still fit."""
    monkeypatch.setattr(rules, "MAX_PATHS_BYTES", 6)
    _, answers, _ = folded([fact(path="/é"), fact(path="/ab"), fact(path="/"), fact(path="/é", visitor=2)])
    assert answers == [STORED, STORED, Verdict("rejected", "too_many_paths"), STORED]


def test_an_import_into_a_site_with_no_room_for_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """The views that fit are taken; the others are in the ledger."""
    monkeypatch.setattr(rules, "MAX_PATHS", 1)
    fold, answers, rows = folded([Import(SITE, START, (fact(path="/a"), fact(path="/b"), fact(path="/a", visitor=2)))])
    assert answers == [2]
    assert [(row.n, row.fact.path) for row in rows.facts] == [(0, "/a"), (2, "/a")]
    assert fold.site(SITE).views == 2
    assert fold.ledger == {(SITE, rules.SCRIPT, HOUR_OF_START, "rejected", "too_many_paths"): 1}


@pytest.mark.parametrize("kind", [Kind.VIEW, Kind.BEAT, Kind.EVENT])
def test_more_readers_than_a_site_may_have(monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
    """Those who are known go on, and when somebody has gone there is room again."""
    monkeypatch.setattr(rules, "MAX_READERS", 2)
    fold, _, _ = folded([fact(Kind.BEAT, visitor=visitor) for visitor in (1, 2)])
    before = state_of(fold)
    _, answers, rows = folded([fact(kind, visitor=3)], fold)
    assert answers == [Verdict("rejected", "site_full")]
    assert (state_of(fold), len(rows)) == (before, 0)
    later = START + rules.PRESENCE_TIMEOUT + 1
    _, answers, _ = folded([fact(visitor=2), Sweep(later, "*"), fact(kind, at=later, visitor=3)], fold)
    assert answers == [STORED, 2, STORED]


def test_what_an_open_visit_keeps_of_its_first_fact() -> None:
    """What its row tells: nothing that may be large."""
    first = fact(Kind.EVENT, name="buy", title="Shop", props={"size": "x" * 2_000}, referrer="example.org/")
    fold, _, _ = folded([first])
    ((visit,),) = fold.site(SITE).visits.open.values()
    assert visit.first == msgspec.structs.replace(first, name="", title="", props=None)


def test_the_entries_of_the_windows() -> None:
    """An open visit, a reader and the minutes that it is in weigh what they cost; in the end nothing is left."""
    fold, _, _ = folded([fact()])
    fold.weigh()
    assert fold.entries() == 2 + rules.VISIT_WEIGHT + rules.READER_WEIGHT + 2 * rules.MOMENT_WEIGHT
    folded([Sweep(START + KEPT, "*")], fold)
    assert fold.entries() == 0


def test_the_ledger_tells_what_became_of_every_fact() -> None:
    """By door, hour of arrival, outcome and reason; rows with the next sweep."""
    records: list[Record] = [
        fact(id=1),
        fact(id=1),
        fact(id=2),
        fact(bot="agent"),
        fact(at=START - LATE - 1, age=LATE + 1),
        Refused(START, ((SITE, "script", "malformed", 3),)),
    ]
    fold, _, rows = folded(records)
    assert rows.ledger == []
    _, _, rows = folded([Sweep(START)], fold)
    assert rows.ledger == [
        LedgerRow(7, n, SITE, "script", HOUR_OF_START, *line)
        for n, line in enumerate(
            [
                ("stored", "", 1),
                ("retry", "", 1),
                ("repeat", "", 1),
                ("bot", "agent", 1),
                ("rejected", "too_old", 1),
                ("rejected", "malformed", 3),
            ]
        )
    ]
    _, _, rows = folded([Sweep(START)], fold)
    assert rows.ledger == []


def test_what_is_published_is_a_row() -> None:
    """So that content can be told from the rows alone."""
    fold, _, rows = folded([Publish(SITE, START, "post", "a", "A", True), Publish(SITE, START, "post", "a", "B", False)])
    assert [(row.seq, row.n, row.kind, row.slug, row.title, row.published) for row in rows.content] == [
        (1, 0, "post", "a", "A", True),
        (2, 0, "post", "a", "B", False),
    ]
    assert fold.dirty == {SITE}


def test_an_import_is_rows_as_they_stand() -> None:
    """Repeats of each other, of any age, in no visit, and nobody is here because of them."""
    old = START - 400 * 24 * rules.HOUR
    imported = (fact(at=old), fact(at=old + 1), fact(path="/b", at=START))
    fold, answers, rows = folded([Import(SITE, START, imported)])
    assert answers == [3]
    assert rows.facts == [FactRow(1, n, one.time, True, 0, one) for n, one in enumerate(imported)]
    site = fold.site(SITE)
    assert (site.views, len(site.visitors), site.since, len(site.presence.readers)) == (3, 1, old, 0)


@pytest.mark.parametrize(("cleanup", "left"), [("", 2), (SITE, 1), ("*", 0), ("nobody", 2)])
def test_a_sweep_cleans_up_where_it_is_told(cleanup: str, left: int) -> None:
    """One site or all; its result is how many rows went."""
    fold, _, _ = folded([fact(), fact(site="other")])
    _, (removed,), _ = folded([Sweep(START + rules.PRESENCE_TIMEOUT + 1, cleanup)], fold)
    assert removed == 2 - left
    assert sum(len(site.presence.readers) for site in fold.sites.values()) == left
