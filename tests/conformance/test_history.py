"""Every history keeps the promises of history/base.py."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from footfall.errors import HistoryFailed, StoreMismatch, TooExpensive
from footfall.history import rows as flat
from footfall.history.base import History, Statement
from footfall.journal.base import PARTITION_BITS
from footfall.model import ContentRow, Erase, Fact, FactRow, LedgerRow, MinuteRow, Rows, VisitRow
from footfall.query import people, replay
from footfall.recount.barriers import matched

OpenHistory = Callable[..., Awaitable[History]]
AFact = Callable[..., Fact]
NOON = 1_764_072_000_000
ENDLESS = "SELECT count(*) FROM facts a, facts b, facts c, facts d WHERE (a.seq + b.seq) % 7 = (c.seq * d.seq) % 5"
FACTS = f"SELECT {', '.join(flat.FACTS)} FROM facts ORDER BY seq, n"


async def ask(history: History, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """The rows of a question."""
    return [tuple(row) for row in await history.fetch(Statement(sql, params))]


def a_row(seq: int, fact: Fact, n: int = 0, *, counted: bool = True, visit: int | None = None) -> FactRow:
    return FactRow(seq, n, fact.time, counted, fact.visitor if visit is None else visit, fact)


async def test_rows_and_position_come_back_after_a_close(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """All four kinds of rows, whole, with the position they were appended with."""
    rich = a_fact(
        1,
        age=5,
        visitor=2**64 - 1,
        id=2**64 - 2,
        country="DE",
        region="",
        latitude=52.5,
        longitude=-0.25,
        props={"plan": "pro\x00", "ü": ""},
        bot="",
        window=0,
        engaged=1_500,
        scroll=80,
        storageless=True,
        utm_term="t",
        screen="lg",
    )
    rows = Rows(
        facts=[a_row(1, rich, visit=2**64 - 1), a_row(3, a_fact(3, kind=2, name="buy", props={}), counted=False)],
        visits=[VisitRow(2, 0, 2**64 - 1, NOON, NOON + 9, "/in", "/out", 3, 1, 1_500, rich)],
        ledger=[LedgerRow(2, 1, "my-site", "script", NOON, "rejected", "too_old", 2)],
        content=[ContentRow(2, 2, "my-site", "post", "slug", "Title", True)],
    )
    history = await open_a_history()
    assert await history.position() == 0
    await history.append(rows, 4)
    await history.close()
    await history.close()

    again = await open_a_history()
    assert await again.position() == 4
    assert [flat.fact_row(values) for values in await ask(again, FACTS)] == rows.facts
    assert await ask(again, f"SELECT {', '.join(flat.VISITS)} FROM visits") == [flat.visit_values(rows.visits[0])]
    assert await ask(again, f"SELECT {', '.join(flat.LEDGER)} FROM ledger") == [flat.ledger_values(rows.ledger[0])]
    assert await ask(again, f"SELECT {', '.join(flat.CONTENT)} FROM content") == [flat.content_values(rows.content[0])]


async def test_nothing_given_is_not_the_same_as_an_empty_text(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """None and "" stay apart in country, region, city and properties, 0 and None in the coordinates."""
    history = await open_a_history()
    for seq, value in enumerate((None, "", "DE"), 1):
        await history.append(Rows(facts=[a_row(seq, a_fact(seq, country=value, region=value, city=value))]), seq)
    given = await ask(history, "SELECT country, region, city, latitude, props FROM facts ORDER BY seq")
    assert given == [(None, None, None, None, None), ("", "", "", None, None), ("DE", "DE", "DE", None, None)]
    await history.append(Rows(facts=[a_row(4, a_fact(4, latitude=0.0, longitude=0.0, props={}))]), 4)
    assert await ask(history, "SELECT latitude, longitude, props FROM facts WHERE seq = 4") == [(0.0, 0.0, "{}")]


async def test_many_rows_keep_their_order(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """More than one step of the conversion, and more than one row of a record."""
    rows = Rows(facts=[a_row(seq, a_fact(seq), n) for seq in range(1, 801) for n in range(2)])
    history = await open_a_history()
    await history.append(rows, 800)
    assert [flat.fact_row(values) for values in await ask(history, FACTS)] == rows.facts


async def test_the_same_append_again_adds_nothing(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """Nor do rows that are already there when newer ones come with them: what failed may be tried again."""
    rows = Rows(facts=[a_row(seq, a_fact(seq)) for seq in (1, 2, 3)])
    history = await open_a_history()
    await history.append(rows, 3)
    await history.append(rows, 3)
    await history.append(Rows(facts=[*rows.facts, a_row(4, a_fact(4))]), 4)
    assert await ask(history, "SELECT seq FROM facts ORDER BY seq, n") == [(1,), (2,), (3,), (4,)]
    assert await history.position() == 4


async def test_a_position_moves_without_rows(open_a_history: OpenHistory) -> None:
    """Records that make no rows still move it."""
    history = await open_a_history()
    await history.append(Rows(), 17)
    assert await history.position() == 17


async def test_another_store_is_refused(open_a_history: OpenHistory) -> None:
    """A history put into the folder of another store says so, and what to do."""
    await (await open_a_history()).close()
    with pytest.raises(StoreMismatch, match="repair: "):
        await open_a_history("fedcba9876543210")


async def test_a_failed_append_changes_nothing(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """A lone surrogate in the last row: none of the rows, nor the position, is there, and the next append works."""
    history = await open_a_history()
    await history.append(Rows(facts=[a_row(1, a_fact(1))]), 1)
    bad = [a_row(seq, a_fact(seq)) for seq in range(2, 700)] + [a_row(700, a_fact(700, path="\ud800"))]
    with pytest.raises(HistoryFailed):
        await history.append(Rows(facts=bad), 700)
    assert await history.position() == 1
    assert await ask(history, "SELECT count(*) FROM facts") == [(1,)]
    await history.append(Rows(facts=bad[:-1]), 699)
    assert await ask(history, "SELECT count(*), max(seq) FROM facts") == [(699, 699)]


async def test_a_question_over_its_limits_is_stopped(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """Rows, time and memory are bounded, and the next question is answered."""
    history = await open_a_history()
    await history.append(Rows(facts=[a_row(seq, a_fact(seq)) for seq in range(1, 1001)]), 1000)
    assert len(await history.fetch(Statement("SELECT seq FROM facts", max_rows=1000))) == 1000
    with pytest.raises(TooExpensive):
        await history.fetch(Statement("SELECT seq FROM facts", max_rows=999))
    with pytest.raises(TooExpensive):
        await history.fetch(Statement(ENDLESS, seconds=0.1))
    assert await ask(history, "SELECT ? + 1", 41) == [(42,)]


async def test_a_question_that_nobody_waits_for_ends(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """Its viewer left: it is interrupted, and more of them than can run at once do not block those that come after."""
    history = await open_a_history()
    await history.append(Rows(facts=[a_row(seq, a_fact(seq)) for seq in range(1, 1001)]), 1000)
    asked = [asyncio.create_task(history.fetch(Statement(ENDLESS, seconds=600))) for _ in range(4)]
    await history.append(Rows(facts=[a_row(1001, a_fact(1001))]), 1001)  # not blocked by any of them
    await asyncio.sleep(0.05)
    for task in asked:
        task.cancel()
    assert await asyncio.wait_for(ask(history, "SELECT count(*) FROM facts"), 30) == [(1001,)]


MORE_THAN_A_QUESTION = (
    "DELETE FROM facts",
    "UPDATE state SET position = 0",
    "DROP TABLE facts",
    "SELECT 1; DELETE FROM facts",
    "COMMIT; DELETE FROM facts",
    "",
    "SELECT nothing_like_it FROM facts",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "COPY facts TO '/tmp/facts.csv'",
    "ATTACH ':memory:' AS other",
    "SET threads = 64",
)


async def test_a_question_can_only_read(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """It changes nothing, and reaches nothing but the tables."""
    history = await open_a_history()
    await history.append(Rows(facts=[a_row(1, a_fact(1))]), 1)
    for sql in MORE_THAN_A_QUESTION:
        with pytest.raises(HistoryFailed):
            print(await history.fetch(Statement(sql)), sql)  # which should not be printed
        assert await ask(history, "SELECT (SELECT count(*) FROM facts), position FROM state") == [(1, 1)]


async def test_a_closed_history_takes_and_tells_nothing(open_a_history: OpenHistory) -> None:
    """Not even by mistake."""
    history = await open_a_history()
    await history.close()
    with pytest.raises(HistoryFailed):
        await history.append(Rows(), 1)
    with pytest.raises(HistoryFailed):
        await history.fetch(Statement("SELECT 1"))


@pytest.mark.parametrize(
    ("erase", "left"),
    [
        (Erase("my-site", 0), []),
        (Erase("my-site", 0, path="/b"), [1, 4, 5]),
        (Erase("my-site", 0, visitor=2), [1, 2, 3, 6]),
        (Erase("my-site", 0, page_type="blog"), [1, 2, 4, 5, 6]),
        (Erase("my-site", 0, first=NOON + 20, last=NOON + 40), [1, 5, 6]),
        (Erase("my-site", 0, path="/b", first=NOON + 21), [1, 2, 4, 5]),
        (Erase("my-site", 0, path="/nowhere"), [1, 2, 3, 4, 5, 6]),
        (Erase("no-site", 0), [1, 2, 3, 4, 5, 6]),
    ],
)
async def test_an_erase_takes_what_matches_every_field(
    open_a_history: OpenHistory, a_fact: AFact, erase: Erase, left: list[int]
) -> None:
    """And nothing of another site; the bounds of time are included; the position moves in the same step."""
    paths = ["/a", "/b", "/b", "/a", "/c", "/b"]
    facts = [
        a_fact(k + 1, path=path, visitor=2 if k in (3, 4) else 1, arrival=NOON + 10 * (k + 1), page_type="blog" if k == 2 else "")
        for k, path in enumerate(paths)
    ]
    mine = [a_row(k + 1, fact) for k, fact in enumerate(facts)]
    other = [a_row(7, a_fact(7, site="other", path="/b", visitor=2, arrival=NOON + 30, page_type="blog"))]
    history = await open_a_history()
    await history.append(Rows(facts=mine + other), 7)
    await history.append(Rows(erase=erase), 8)
    assert await ask(history, "SELECT seq FROM facts WHERE site = 'my-site' ORDER BY seq") == [(seq,) for seq in left]
    assert await ask(history, "SELECT count(*) FROM facts WHERE site = 'other'") == [(1,)]
    assert await history.position() == 8


async def test_visits_follow_an_erase(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """A visit that lost all its facts goes; one that lost some is counted again from the rest; the ledger stays."""

    def fact(seq: int, visitor: int, path: str, kind: int = 0) -> Fact:
        return a_fact(seq, visitor=visitor, path=path, kind=kind, arrival=NOON + 10 * seq)

    facts = [
        fact(1, 11, "/secret"),
        fact(2, 12, "/secret"),
        fact(3, 12, "/b"),
        fact(4, 12, "/form", kind=2),
        fact(5, 12, "/c"),
        fact(6, 12, "/secret", kind=2),
        fact(7, 13, "/b"),
        fact(8, 14, "/secret"),
        fact(9, 14, "/form", kind=2),
    ]
    rows = [a_row(f.id, f, counted=f.kind == 0) for f in facts]
    rows.append(a_row(10, fact(10, 12, "/b"), counted=False))  # a repeat: adds no view, but moves the exit
    told = msgspec.structs.replace(fact(11, 12, "/form", kind=3), engaged=5)  # a leave: tells how long it was, and no page of it
    rows.append(a_row(11, told, counted=False))
    visits = [
        VisitRow(20, 0, 11, NOON + 10, NOON + 10, "/secret", "/secret", 1, 0, 5, facts[0]),
        VisitRow(20, 1, 12, NOON + 20, NOON + 110, "/secret", "/b", 3, 2, 9, facts[1]),
        VisitRow(20, 2, 13, NOON + 70, NOON + 70, "/b", "/b", 1, 0, 5, facts[6]),
        VisitRow(20, 3, 14, NOON + 80, NOON + 90, "/secret", "/secret", 1, 1, 5, facts[7]),
    ]
    history = await open_a_history()
    ledger = [LedgerRow(20, 4, "my-site", "script", NOON, "stored", "", 9)]
    await history.append(Rows(facts=rows, visits=visits, ledger=ledger), 20)
    await history.append(Rows(erase=Erase("my-site", 0, path="/secret")), 21)
    found = await ask(history, 'SELECT visit, start_ms, end_ms, entry, "exit", views, events, engaged FROM visits ORDER BY visit')
    assert found == [
        (12, NOON + 30, NOON + 110, "/b", "/b", 2, 1, 5),
        (13, NOON + 70, NOON + 70, "/b", "/b", 1, 0, 5),
        (14, NOON + 90, NOON + 90, "/form", "/form", 0, 1, 0),
    ]
    assert await ask(history, "SELECT sum(count) FROM ledger") == [(9,)]


async def test_an_erase_comes_once(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """Repeated after a crash it does nothing to the facts that came since."""
    history = await open_a_history()
    erase = Rows(erase=Erase("my-site", 0))
    await history.append(Rows(facts=[a_row(1, a_fact(1))]), 1)
    await history.append(erase, 2)
    await history.append(Rows(facts=[a_row(3, a_fact(3))]), 3)
    await history.append(erase, 2)
    assert await ask(history, "SELECT seq FROM facts") == [(3,)]
    assert await history.position() == 3


async def test_the_other_questions_of_the_program_are_understood(open_a_history: OpenHistory, a_fact: AFact) -> None:
    """Those that no compiler makes: people, replay, what an erase is about, what is known of an import, what is too old."""
    history = await open_a_history()
    facts = [a_row(seq, a_fact(seq, path=f"/{seq % 2}")) for seq in range(1, 6)]
    minutes = [MinuteRow(6, n, "my-site", NOON, n + 1, f"/{n % 2}", "DE", 0) for n in range(3)]
    await history.append(Rows(facts=facts, minutes=minutes), 6)
    upto = (6, 1 << PARTITION_BITS)
    span = people.span_of("30m", NOON)
    assert (29, 3, 3) in [tuple(row) for row in await history.fetch(people.statement("my-site", span, upto))]
    asked = replay.statement("my-site", NOON, NOON + 60_000, upto)
    told = [(0, NOON, "", 3), (1, NOON, "/0", 2), (1, NOON, "/1", 1), (2, NOON, "DE", 3)]
    assert sorted(tuple(row) for row in await history.fetch(asked)) == told
    asked = replay.statement("my-site", NOON, NOON + 60_000, upto, ["/1"])
    assert sorted(tuple(row) for row in await history.fetch(asked)) == [told[0], told[2]]
    assert await history.fetch(replay.busiest("my-site", NOON, NOON + 60_000, upto)) == [("/0",), ("/1",)]
    erase = Erase("my-site", NOON, path="/1")
    assert [tuple(row) for row in await history.fetch(matched(erase))] == [(3, 3, 3, 1)]
    erase = Erase("my-site", NOON, page_type="page")  # minutes know no type
    assert [tuple(row)[3] for row in await history.fetch(matched(erase))] == [0]
    ids = '[{"text": "2"}, {"text": "18446744073709551615"}]'
    assert await ask(history, "SELECT id FROM facts WHERE id IN (SELECT toUInt64(text) FROM texts(?))", ids) == [(2,)]
