"""What every history makes of facts that were judged anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from footfall.history.base import History, Statement
from footfall.model import Fact, FactRow, Judgement, MinuteRow, Rejudged, Rows, VisitRow

from .conftest import NOON, OpenHistory

AFact = Callable[..., Fact]


async def ask(history: History, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a question."""
    return [tuple(row) for row in await history.fetch(Statement(sql))]


def a_row(seq: int, fact: Fact, *, counted: bool = True, visit: int | None = None) -> FactRow:
    return FactRow(seq, 0, fact.time, counted, fact.visitor if visit is None else visit, fact)


async def test_rows_follow_a_new_judgement(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """Visits that lost all facts go, with their minutes; one that lost some is counted from the rest, one that won some too but
    reaches no less far (a leave that is no fact of it any more may have told its end). A visit without a row gets none, and of
    another site nothing changes."""

    def fact(seq: int, visitor: int, path: str, **more: Any) -> Fact:
        return a_fact(seq, visitor=visitor, path=path, arrival=NOON + 10 * seq, engaged=5, **more)

    gone, shrunk, grown = fact(1, 11, "/a"), fact(2, 12, "/a"), fact(4, 13, "/b")
    rest, won, open_one = fact(3, 12, "/b"), fact(5, 13, "/c", bot="library"), fact(6, 14, "/d", bot="library")
    other = fact(7, 11, "/a", site="other")
    facts = (gone, shrunk, rest, grown, won, open_one)
    rows = [a_row(f.id, f, counted=not f.bot, visit=0 if f.bot else f.visitor) for f in facts]
    visits = [
        VisitRow(20, 0, 11, NOON + 10, NOON + 10, "/a", "/a", 1, 0, 5, gone),
        VisitRow(20, 1, 12, NOON + 20, NOON + 90, "/a", "/b", 2, 0, 10, shrunk),
        VisitRow(20, 2, 13, NOON + 40, NOON + 90, "/b", "/b", 1, 0, 5, grown),
        VisitRow(20, 3, 11, NOON + 70, NOON + 70, "/a", "/a", 1, 0, 5, other),
    ]
    readers = [("my-site", 11), ("my-site", 12), ("my-site", 13), ("other", 11)]
    minutes = [MinuteRow(20, 4 + n, site, NOON, reader, "/a", "", reader) for n, (site, reader) in enumerate(readers)]
    judged = [
        Judgement(1, 0, "owner", False, 0),
        Judgement(2, 0, "owner", False, 0),
        Judgement(5, 0, "", True, 13),
        Judgement(6, 0, "", True, 14),
    ]
    change = Rows(rejudged=Rejudged("my-site", judged))
    history = await open_a_history()
    await history.append(Rows(facts=[*rows, a_row(7, other)], visits=visits, minutes=minutes), 20)
    await history.append(change, 21)
    assert await ask(history, "SELECT seq, bot, counted, visit FROM facts ORDER BY seq") == [
        (1, "owner", False, 0),
        (2, "owner", False, 0),
        (3, "", True, 12),
        (4, "", True, 13),
        (5, "", True, 13),
        (6, "", True, 14),
        (7, "", True, 11),
    ]
    asked = 'SELECT site, visit, start_ms, end_ms, entry, "exit", views, engaged FROM visits ORDER BY site, visit'
    assert await ask(history, asked) == [
        ("my-site", 12, NOON + 30, NOON + 30, "/b", "/b", 1, 5),
        ("my-site", 13, NOON + 40, NOON + 90, "/b", "/c", 2, 10),
        ("other", 11, NOON + 70, NOON + 70, "/a", "/a", 1, 5),
    ]
    left = await ask(history, "SELECT site, visit FROM minutes ORDER BY site, visit")
    assert left == [("my-site", 12), ("my-site", 13), ("other", 11)]
    assert await history.position() == 21


async def test_a_new_judgement_comes_once(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """Repeated after a crash it does nothing to what was judged since."""
    history = await open_a_history()
    there = Rows(rejudged=Rejudged("my-site", [Judgement(1, 0, "owner", False, 0)]))
    back = Rows(rejudged=Rejudged("my-site", [Judgement(1, 0, "", True, 1)]))
    await history.append(Rows(facts=[a_row(1, a_fact(1))]), 1)
    await history.append(there, 2)
    await history.append(back, 3)
    await history.append(there, 2)
    assert await ask(history, "SELECT bot, counted, visit FROM facts") == [("", True, 1)]
    assert await history.position() == 3
