"""The decisions of the fold, each at its limit."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from footfall import rules
from footfall.model import (
    EARLY,
    FAULT,
    REPEAT,
    RETRY,
    STORED,
    TOO_OLD,
    Erase,
    Fact,
    FactRow,
    Import,
    Kind,
    Sweep,
    Verdict,
)
from tests.unit.live.made import MINUTE, SITE, START, fact, folded, state_of

WINDOW = rules.REPEAT_WINDOW
LATE = rules.LATENESS
KEPT = rules.WINDOW_KEPT
HOUR_OF_START = START - START % rules.HOUR


# --- lateness ---


@pytest.mark.parametrize("kind", list(Kind))
def test_exactly_thirty_minutes_late_is_not_too_late(kind: Kind) -> None:
    """A millisecond more is; then nothing changes, and sending it again changes nothing either."""
    fold, answers, _ = folded([fact(kind, at=START, age=LATE)])
    assert answers == [STORED]
    old = fact(kind, at=START, age=LATE + 1, visitor=2)
    before = state_of(fold)
    _, answers, rows = folded([old, old], fold)
    assert answers == [TOO_OLD, TOO_OLD]
    assert (state_of(fold), len(rows)) == (before, 0)


# --- repeats ---


@pytest.mark.parametrize(
    ("by", "verdict"), [(0, REPEAT), (1, REPEAT), (WINDOW - 1, REPEAT), (WINDOW, STORED), (WINDOW + 1, STORED)]
)
@pytest.mark.parametrize("start", [START, START + 1, START + WINDOW - 1, START + WINDOW // 2])
def test_a_view_less_than_thirty_minutes_after_a_counted_one(by: int, verdict: Verdict, start: int) -> None:
    """Wherever the first lies in its half hour; at exactly thirty minutes it counts."""
    _, answers, rows = folded([fact(at=start), fact(at=start + by)])
    assert answers == [STORED, verdict]
    assert [row.counted for row in rows.facts] == [True, verdict == STORED]


@pytest.mark.parametrize(("by", "verdict"), [(1, REPEAT), (WINDOW - 1, REPEAT), (WINDOW, STORED)])
@pytest.mark.parametrize("start", [START, START + 1, START + WINDOW - 1, START + WINDOW // 2])
def test_a_view_less_than_thirty_minutes_before_one_that_arrived_earlier(by: int, verdict: Verdict, start: int) -> None:
    """It was counted already when this one comes late."""
    _, answers, _ = folded([fact(at=start), fact(at=start - by, age=by)])
    assert answers == [STORED, verdict]


def test_a_late_view_does_not_hide_a_later_one() -> None:
    """What was counted last is not what lies latest."""
    arrival = START + 31 * MINUTE
    late = fact(path="/b", at=START + 2 * MINUTE, age=29 * MINUTE)
    _, answers, _ = folded([fact(at=arrival), late, fact(at=START + 29 * MINUTE, age=2 * MINUTE)])
    assert answers == [STORED, STORED, REPEAT]


def test_a_repeat_does_not_extend_the_window() -> None:
    """Only counted views are looked at."""
    _, answers, _ = folded([fact(at=START + at * MINUTE) for at in (0, 20, 30, 50, 60)])
    assert answers == [STORED, REPEAT, STORED, REPEAT, STORED]


@pytest.mark.parametrize("other", [{"visitor": 2}, {"path": "/b"}, {"path": "//"}, {"site": "other", "visitor": 2}])
def test_another_visitor_or_path_repeats_nothing(other: dict[str, Any]) -> None:
    """Paths are compared exactly. A visitor is one of a site: its hash has the site in it."""
    _, answers, _ = folded([fact(), fact(**other)])
    assert answers == [STORED, STORED]


def test_page_type_and_title_play_no_part() -> None:
    """Nor does anything else that a view tells."""
    _, answers, _ = folded([fact(page_type="a", title="x", country="DE"), fact(page_type="b", title="y", referrer="r.example/")])
    assert answers == [STORED, REPEAT]


@pytest.mark.parametrize(("window", "verdicts"), [(0, [STORED, STORED, STORED]), (10 * MINUTE, [STORED, REPEAT, STORED])])
def test_a_site_with_a_window_of_its_own(window: int, verdicts: list[Verdict]) -> None:
    """0: every view counts."""
    _, answers, _ = folded([fact(at=START + at, window=window) for at in (0, 10 * MINUTE - 1, 10 * MINUTE)])
    assert answers == verdicts


@pytest.mark.parametrize(("before", "after"), [(30, 10), (10, 30), (0, 30), (30, 5)])
def test_a_site_that_changes_its_window(before: int, after: int) -> None:
    """Views that were counted stay counted: what is near one of them, by the new window, repeats it."""
    times = (0, 1, after - 1, after)
    views = [fact(at=START + at * MINUTE, window=after * MINUTE) for at in times]
    _, answers, _ = folded([fact(window=before * MINUTE), *views])
    assert answers == [STORED, REPEAT, REPEAT, REPEAT, STORED]


@pytest.mark.parametrize("first", [1, 29])
@pytest.mark.parametrize("second", [2, 28])
def test_imported_views_count_as_any_other(first: int, second: int) -> None:
    """Of two in one half hour the next view is measured against the later, a late one before them against the earlier."""
    imported = tuple(fact(at=START + at * MINUTE) for at in (first, second))
    latest, earliest = max(first, second), min(first, second)
    for at, verdict in ((latest + 30, STORED), (latest + 29, REPEAT), (earliest - 29, REPEAT), (earliest - 30, STORED)):
        now = START + 61 * MINUTE if at > 30 else START + 29 * MINUTE
        time = START + at * MINUTE
        view = fact(at=time, age=max(0, min(now, time + LATE) - time))
        _, answers, _ = folded([Import(SITE, START, imported), view])
        assert answers == [2, verdict], at


def test_an_import_of_older_views_does_not_open_the_window_again() -> None:
    """The counted view of a minute ago is still there."""
    at = START + 29 * MINUTE
    _, answers, _ = folded([fact(at=at), Import(SITE, at, (fact(at=START),)), fact(at=at + 3 * MINUTE)])
    assert answers == [STORED, 1, REPEAT]


def test_the_ids_of_old_imported_views_take_no_room() -> None:
    """Who imports looks them up in the rows; a client may still send what is of the last hour."""
    ids = {-rules.DAY: 1, -rules.WINDOW_KEPT: 2, 1 - rules.WINDOW_KEPT: 3}
    imported = tuple(fact(at=START + at, id=id) for at, id in ids.items())
    fold, answers, _ = folded([Import(SITE, START, imported), fact(id=3)])
    assert (answers, len(fold.ids)) == ([3, RETRY], 1)


# --- ids ---


@pytest.mark.parametrize("kind", list(Kind))
def test_the_same_id_again(kind: Kind) -> None:
    """Whatever it says now: nothing changes but the ledger."""
    one = fact(kind, id=77)
    fold, _, _ = folded([one])
    before = state_of(fold)
    again = [one, fact(Kind.VIEW, "/other", START + 1, id=77, visitor=9), fact(Kind.EVENT, "/x", START + 2, id=77)]
    _, answers, rows = folded(again, fold)
    assert answers == [RETRY] * 3
    assert (state_of(fold), len(rows)) == (before, 0)


@pytest.mark.parametrize(("later", "verdict"), [(KEPT - 1, RETRY), (KEPT, STORED)])
def test_ids_are_known_for_an_hour(later: int, verdict: Verdict) -> None:
    """Nobody sends for longer: what is older than 30 minutes is refused, and clients drop it."""
    _, answers, _ = folded([fact(id=77), fact(at=START + later, id=77)])
    assert answers == [STORED, verdict]


@pytest.mark.parametrize("late", [0, LATE])
def test_a_retry_that_is_too_late_by_now(late: int) -> None:
    """It was stored, so it is a retry all the same."""
    one = fact(age=late, id=77)
    again = msgspec.structs.replace(one, arrival=one.arrival + LATE + 1, age=one.age + LATE + 1)
    _, answers, _ = folded([one, again])
    assert answers == [STORED, RETRY]


@pytest.mark.parametrize("kind", [Kind.BEAT, Kind.LEAVE])
def test_beats_and_leaves_of_bots_are_no_rows(kind: Kind) -> None:
    """As those of people are none."""
    _, answers, rows = folded([fact(kind, bot="crawler")])
    assert answers == [Verdict("bot", "crawler")]
    assert rows.facts == []


def test_a_bot_that_is_sent_again() -> None:
    """It is a row once, counts nothing, and is in no visit."""
    bot = fact(bot="agent", id=77)
    fold, answers, rows = folded([bot, bot])
    assert answers == [Verdict("bot", "agent"), RETRY]
    assert rows.facts == [FactRow(1, 0, START, False, 0, bot)]
    assert fold.sites.get(SITE) is None or state_of(fold)[0] == 0


def test_the_original_sends_no_ids() -> None:
    """Two of its views with one id are two views: the id was made at intake."""
    _, answers, _ = folded([fact(id=1, door=rules.ORIGINAL), fact(path="/b", id=1, door=rules.ORIGINAL)])
    assert answers == [STORED, STORED]


# --- presence, by door ---


@pytest.mark.parametrize(("door", "people"), [(rules.ORIGINAL, 0), (rules.SCRIPT, 1), (rules.PIXEL, 1)])
def test_whether_a_view_is_a_sign_of_life(door: str, people: int) -> None:
    """Not at the original's door, where only heartbeats are."""
    fold, _, _ = folded([fact(door=door)])
    assert len(fold.site(SITE).presence.active) == people


@pytest.mark.parametrize("kind", [Kind.VIEW, Kind.EVENT])
def test_repeats_and_events_move_a_reader(kind: Kind) -> None:
    """The original's path does not matter to who is here."""
    fold, _, _ = folded([fact(path="/a"), fact(path="/b", at=START + 1), fact(kind, "/a", START + 2)])
    assert fold.site(SITE).presence.here == {"/a": 1}


@pytest.mark.parametrize(
    ("door", "path", "later", "verdict"),
    [
        (rules.SCRIPT, "/", rules.EARLY_BEAT - 1, EARLY),
        (rules.SCRIPT, "/", rules.EARLY_BEAT, STORED),
        (rules.SCRIPT, "/b", 1, STORED),
        (rules.ORIGINAL, "/", rules.EARLY_BEAT - 1, EARLY),
        (rules.ORIGINAL, "/b", rules.EARLY_BEAT - 1, EARLY),
        (rules.ORIGINAL, "/b", rules.EARLY_BEAT, STORED),
    ],
)
def test_early_beats(door: str, path: str, later: int, verdict: Verdict) -> None:
    """Beats are no rows; an early one changes nothing."""
    fold, _, _ = folded([fact(Kind.BEAT, door=door)])
    before = state_of(fold)
    _, answers, rows = folded([fact(Kind.BEAT, path, START + later, door=door)], fold)
    assert answers == [verdict]
    assert (state_of(fold) == before) is (verdict == EARLY)
    assert len(rows) == 0


# --- rows ---


def test_a_visit_becomes_a_row_an_hour_after_its_last_fact() -> None:
    """With a sweep, not before; beats extend it."""
    first = fact(path="/a", country="DE")
    records = [first, fact(Kind.BEAT, "/b", START + 5 * MINUTE, engaged=9)]
    fold, _, _ = folded(records)
    final = START + 5 * MINUTE + KEPT
    _, _, rows = folded([Sweep(final - 1)], fold)
    assert rows.visits == []
    assert len(fold.closing) == 1
    _, _, rows = folded([Sweep(final)], fold)
    (row,) = rows.visits
    assert (row.seq, row.n, row.start, row.end, row.entry, row.exit) == (4, 0, START, START + 5 * MINUTE, "/a", "/a")
    assert (row.views, row.events, row.engaged, row.first) == (1, 0, 9, first)
    assert fold.closing == []
    assert fold.site(SITE).visits.open == {}


def test_a_sweep_closes_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next goes on; `sweepable` says whether there is more."""
    monkeypatch.setattr(rules, "SWEEP_VISITS", 2)
    fold, _, _ = folded([fact(visitor=visitor) for visitor in range(1, 6)])
    closed, later = [], START + KEPT
    while fold.sweepable(later):
        _, _, rows = folded([Sweep(later)], fold)
        closed.append([(row.n, row.first.visitor) for row in rows.visits])
    assert [len(sweep) for sweep in closed] == [2, 2, 1]
    assert sorted(visitor for sweep in closed for _, visitor in sweep) == [1, 2, 3, 4, 5]
    assert [n for n, _ in closed[0]] == [0, 1]


def test_a_sweep_makes_a_bounded_number_of_minute_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one minute too; the rest stays for the next, and each comes once."""
    fold, _, _ = folded([fact(visitor=visitor) for visitor in range(1, 8)])
    monkeypatch.setattr(rules, "SWEEP_MINUTES", 3)
    sweeps, later = [], START + 40 * MINUTE
    while fold.sweepable(later):
        _, _, rows = folded([Sweep(later)], fold)
        sweeps.append([(row.minute, row.visitor) for row in rows.minutes])
        assert [row.n for row in rows.minutes] == list(range(len(rows.minutes)))
    assert [len(sweep) for sweep in sweeps] == [3, 3, 3, 3, 2]
    assert len({row for sweep in sweeps for row in sweep}) == 14
    assert fold.site(SITE).minutes.moments == {}
    assert not any(fold.site(SITE).minutes.people.values())


def test_a_visit_of_a_site_that_is_gone() -> None:
    """What waits to be closed there is dropped; all else is closed."""
    fold, _, _ = folded([fact(site="gone", visitor=2), fact()])
    del fold.sites["gone"]
    _, _, rows = folded([Sweep(START + KEPT)], fold)
    assert [row.first.site for row in rows.visits] == [SITE]
    assert (fold.closing, fold.faults) == ([], [])


# --- a clock that went back ---


@pytest.mark.parametrize("back", [0, 1, rules.CLOCK_TOLERANCE])
def test_what_is_final_stays_final(back: int) -> None:
    """A fact is too late by the latest time of all, whatever its own clock says."""
    final = START + rules.MINUTE_FINAL
    fold, _, rows = folded([fact(path="/a"), Sweep(final)])
    assert [row.minute for row in rows.minutes] == [START]
    late = fact(path="/b", at=START + MINUTE - back, age=LATE)
    _, answers, _ = folded([late], fold)
    assert answers == [STORED if back == 0 else TOO_OLD]
    _, _, rows = folded([Sweep(START + 3 * KEPT)], fold)
    assert START not in [row.minute for row in rows.minutes]


# --- faults ---


@pytest.mark.parametrize("broken", [fact(path=[]), Erase(SITE, START), Import(SITE, START, None)])  # type: ignore[arg-type]  # on purpose
def test_what_cannot_be_digested_is_rejected_loudly(broken: Fact | Import | Erase) -> None:
    """It changes no total, and the fold goes on."""
    fold, answers, _ = folded([broken, fact()])
    assert answers == [FAULT, STORED]
    assert [seq for seq, _ in fold.faults] == [1]
    assert fold.site(SITE).views == 1


def test_the_folds_time_never_goes_back() -> None:
    """It is the latest that any record carried."""
    fold, _, _ = folded([fact(at=START + 5), Sweep(START + 3), fact(at=START)])
    assert fold.now == START + 5
