"""The DuckDB history where it is a file: kills, full disks, a folder that goes away, and every text there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import HistoryFailed, NewerVersion, StoreRefused
from footfall.history import rows as flat
from footfall.history.base import Statement
from footfall.history.duckdb import DuckdbHistory, open_history
from footfall.model import Erase, Fact, FactRow, Rows, VisitRow
from tests.examples import examples

STORE = "0123456789abcdef"
AChild = Callable[..., Any]
AFact = Callable[..., Fact]

CONSISTENT = """
SELECT position, (SELECT count(*) FROM facts), (SELECT count(*) FROM visits), (SELECT count(*) FROM ledger),
    (SELECT coalesce(max(seq), 0) FROM facts)
FROM state
"""


async def ask(history: DuckdbHistory, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a question."""
    return [tuple(row) for row in await history.fetch(Statement(sql))]


@pytest.mark.slow
async def test_rows_and_position_are_one_under_sigkill(tmp_path: Path, a_child: AChild) -> None:
    """Kills at some moment of an append: each record's three rows are there up to the position and none beyond it."""
    path = tmp_path / "h.duckdb"
    for patience in (3, 9, 2):
        child = a_child("history-forever", path)
        for _ in range(patience):
            assert child.hear()
        acknowledged = int(child.kill()[-1])
        history = await open_history(path, STORE)
        ((position, facts, visits, ledger, newest),) = await ask(history, CONSISTENT)
        await history.close()
        assert facts == visits == ledger == newest == position >= acknowledged


async def test_a_full_disk_fails_the_append_and_is_got_over(tmp_path: Path, a_child: AChild) -> None:
    """Writes beyond a limit fail, nothing of them is there, and the next append works once there is room."""
    path = tmp_path / "h.duckdb"
    child = a_child("history", path)
    child.hear()
    assert child.ask("5") == "5"
    child.ask("limit 4096")
    assert child.ask("3000") == "HistoryFailed"
    assert child.ask("3000") == "HistoryFailed"
    child.ask("lift")
    assert child.ask("3000") == "3005"
    child.kill()
    history = await open_history(path, STORE)
    assert await ask(history, CONSISTENT) == [(3005,) * 5]
    await history.close()


def a_row(seq: int, fact: Fact) -> FactRow:
    return FactRow(seq, 0, fact.time, True, seq, fact)


async def test_an_invalidated_database_is_opened_anew(tmp_path: Path, a_fact: AFact) -> None:
    """While another connection of this process holds the file away, writing fails; once it is free, the next call works."""
    path = tmp_path / "h.duckdb"
    history = await open_history(path, STORE)
    await history.append(Rows(facts=[a_row(1, a_fact(1))]), 1)
    with pytest.raises(HistoryFailed):
        await history.append(Rows(facts=[a_row(2, a_fact(2, path="\ud800"))]), 2)  # throws the connection away
    other = duckdb.connect(path)  # other settings than ours: DuckDB refuses to share
    with pytest.raises(HistoryFailed):
        await history.append(Rows(facts=[a_row(2, a_fact(2))]), 2)
    with pytest.raises(HistoryFailed):
        await history.fetch(Statement("SELECT 1"))
    other.close()
    await history.append(Rows(facts=[a_row(2, a_fact(2))]), 2)
    assert await ask(history, "SELECT seq FROM facts ORDER BY seq") == [(1,), (2,)]
    await history.close()


async def test_a_failed_write_ends_the_questions_and_the_next_are_answered(tmp_path: Path, a_fact: AFact) -> None:
    """The file is closed under a running question: it ends with an error, not with a wrong answer."""
    history = await open_history(tmp_path / "h.duckdb", STORE)
    endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range % 5"
    asked = asyncio.create_task(history.fetch(Statement(endless, seconds=600)))
    await asyncio.sleep(0.1)
    with pytest.raises(HistoryFailed):
        await history.append(Rows(facts=[a_row(1, a_fact(1, path="\ud800"))]), 1)
    with pytest.raises(HistoryFailed):
        await asked
    assert await ask(history, "SELECT 1") == [(1,)]
    await history.close()


async def test_a_file_that_went_away_is_not_replaced_by_an_empty_one(tmp_path: Path, a_fact: AFact) -> None:
    """Nor by an older one: rows would be missing without a word."""
    path = tmp_path / "h.duckdb"
    history = await open_history(path, STORE)
    await history.append(Rows(facts=[a_row(1, a_fact(1))]), 1)
    await history.close()
    older = path.read_bytes()
    history = await open_history(path, STORE)
    await history.append(Rows(facts=[a_row(2, a_fact(2))]), 2)
    broken = Rows(facts=[a_row(3, a_fact(3, path="\ud800"))])
    with pytest.raises(HistoryFailed):
        await history.append(broken, 3)
    away = path.rename(tmp_path / "away")
    with pytest.raises(HistoryFailed, match="gone"):
        await history.append(Rows(facts=[a_row(3, a_fact(3))]), 3)
    path.write_bytes(older)
    with pytest.raises(HistoryFailed, match="went back"):
        await history.append(Rows(facts=[a_row(3, a_fact(3))]), 3)
    away.rename(path)
    await history.append(Rows(facts=[a_row(3, a_fact(3))]), 3)
    assert await history.position() == 3
    await history.close()


async def test_a_folder_that_is_away_for_a_while(tmp_path: Path, a_fact: AFact) -> None:
    """Writing fails while it is gone, and goes on when it is back."""
    folder = tmp_path / "data"
    folder.mkdir()
    history = await open_history(folder / "h.duckdb", STORE)
    await history.append(Rows(facts=[a_row(1, a_fact(1))]), 1)
    await history.close()  # leaves no log beside the file: the next write has to make one
    history = await open_history(folder / "h.duckdb", STORE)
    away = folder.rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(HistoryFailed):
            await history.append(Rows(facts=[a_row(2, a_fact(2))]), 2)
    away.rename(folder)
    await history.append(Rows(facts=[a_row(2, a_fact(2))]), 2)
    assert await ask(history, "SELECT seq FROM facts ORDER BY seq") == [(1,), (2,)]
    await history.close()


async def test_what_cannot_be_opened_is_refused_with_a_repair(tmp_path: Path) -> None:
    """Somebody else's file, and a folder that is not there."""
    (tmp_path / "letters").write_bytes(b"not a database, but somebody's letters" * 500)
    for path in (tmp_path / "letters", tmp_path / "missing" / "h.duckdb"):
        with pytest.raises(StoreRefused, match="repair: "):
            await open_history(path, STORE)
    assert (tmp_path / "letters").read_bytes().startswith(b"not a database")


async def test_a_newer_history_is_refused(tmp_path: Path) -> None:
    """It may hold what this version cannot keep."""
    path = tmp_path / "h.duckdb"
    await (await open_history(path, STORE)).close()
    with duckdb.connect(path) as other:
        other.execute("UPDATE state SET version = version + 1")
    with pytest.raises(NewerVersion, match="repair: "):
        await open_history(path, STORE)


def test_the_columns_are_those_of_the_tables(tmp_path: Path) -> None:
    """rows.py and the schema name the same columns in the same order; numbers of people come behind them."""

    async def columns() -> dict[str, list[str]]:
        history = await open_history(tmp_path / "h.duckdb", STORE)
        sql = "SELECT table_name, column_name FROM information_schema.columns ORDER BY table_name, ordinal_position"
        found: dict[str, list[str]] = {}
        for table, column in await ask(history, sql):
            found.setdefault(table, []).append(column)
        await history.close()
        return found

    ours = {"facts": flat.FACTS, "visits": flat.VISITS, "ledger": flat.LEDGER, "content": flat.CONTENT}
    theirs = asyncio.run(columns())
    assert {table: list(names) for table, names in ours.items()} == {
        table: [name for name in theirs[table] if name != "person"] for table in ours
    }
    assert theirs["facts"][-1] == theirs["visits"][-1] == "person"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
numbers = st.integers(0, 2**64 - 1)
degrees = st.none() | st.floats(-180, 180)
given_or_not = st.none() | texts
facts = st.builds(
    Fact,
    site=texts,
    kind=st.sampled_from([0, 2]),
    visitor=numbers,
    id=numbers,
    door=texts,
    arrival=st.integers(0, 2**53),
    age=st.integers(0, 2**31),
    path=texts | st.integers(1, 16 * 1024).map(lambda n: "ü" * (n // 2)),
    window=st.integers(0, 2**40),
    bot=texts,
    page_type=texts,
    title=texts,
    hostname=texts,
    referrer=texts,
    utm_source=texts,
    utm_medium=texts,
    utm_campaign=texts,
    utm_content=texts,
    utm_term=texts,
    country=given_or_not,
    region=given_or_not,
    city=given_or_not,
    latitude=degrees,
    longitude=degrees,
    browser=texts,
    os=texts,
    language=texts,
    name=texts,
    props=st.none() | st.dictionaries(texts, texts, max_size=3),
    engaged=st.integers(0, 2**53),
    scroll=st.integers(0, 2**31),
    storageless=st.booleans(),
)


def test_every_legal_fact_comes_back_as_it_was(tmp_path: Path) -> None:
    """Any Unicode but lone surrogates, NUL included, 16 KiB of path, all 64 bits: through the file, into the model again."""
    seq = 0
    runner = asyncio.Runner()
    history = runner.run(open_history(tmp_path / "h.duckdb", STORE))

    @examples(25)
    @given(st.lists(st.tuples(facts, st.booleans(), numbers), min_size=1, max_size=12))
    def comes_back(drawn: list[tuple[Fact, bool, int]]) -> None:
        nonlocal seq
        first = seq + 1
        rows = Rows()
        for fact, counted, visit in drawn:
            seq += 1
            rows.facts.append(FactRow(seq, 0, fact.time, counted, visit, fact))
            rows.visits.append(VisitRow(seq, 1, visit, fact.time, fact.time, fact.path, fact.title, 1, 2, 3, fact))
        runner.run(history.append(rows, seq))
        for table, columns, expected in (
            ("facts", flat.FACTS, [flat.fact_values(row) for row in rows.facts]),
            ("visits", flat.VISITS, [flat.visit_values(row) for row in rows.visits]),
        ):
            sql = f"SELECT {', '.join(columns)} FROM {table} WHERE seq >= ? ORDER BY seq"
            found = runner.run(history.fetch(Statement(sql, [first])))
            assert list(found) == expected
            if table == "facts":
                assert [flat.fact_row(values) for values in found] == rows.facts

    comes_back()
    runner.run(history.close())
    runner.close()


async def test_properties_can_be_asked_for(tmp_path: Path, a_fact: AFact) -> None:
    """Each is one JSON function away."""
    history = await open_history(tmp_path / "h.duckdb", STORE)
    await history.append(Rows(facts=[a_row(1, a_fact(1, props={"plan": "pro", "a.b": "ü"})), a_row(2, a_fact(2))]), 2)
    sql = """SELECT json_extract_string(props, '$.plan'), json_extract_string(props, '$."a.b"') FROM facts ORDER BY seq"""
    assert await ask(history, sql) == [("pro", "ü"), (None, None)]
    await history.close()


async def test_a_file_of_before_gets_the_columns_that_came_since(tmp_path: Path, a_fact: AFact) -> None:
    """Its rows have nothing in them; new ones do."""
    path = tmp_path / "h.duckdb"
    history = await open_history(path, STORE)
    await history.append(Rows(facts=[a_row(1, a_fact(1, source="Google"))]), 1)
    await history.close()
    with duckdb.connect(path) as other:
        _of_version_1(other)
        for table in ("facts", "visits"):
            other.execute(f"ALTER TABLE {table} DROP COLUMN source")
            other.execute(f"ALTER TABLE {table} DROP COLUMN channel")
    history = await open_history(path, STORE)
    await history.append(Rows(facts=[a_row(2, a_fact(2, source="Google", channel="Organic Search"))]), 2)
    assert await ask(history, "SELECT seq, source, channel FROM facts ORDER BY seq") == [
        (1, "", ""),
        (2, "Google", "Organic Search"),
    ]
    await history.close()


def _of_version_1(connection: duckdb.DuckDBPyConnection) -> None:
    """Make it a file from before visitors had numbers."""
    for table in ("facts", "visits"):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN person")
    connection.execute("DROP TABLE visitors")
    connection.execute("UPDATE state SET version = 1")


PERSONS = "SELECT visitor, person FROM facts UNION SELECT visitor, person FROM visits ORDER BY person"
VISITORS = "SELECT visitor, person FROM visitors ORDER BY person"
A_VISIT = ("/", "/", 1, 0, 0)
SEEN = ((11, "/a"), (12, "/a"), (11, "/b"), (13, "/a"))


async def test_visitors_have_numbers_that_stay(tmp_path: Path, a_fact: AFact) -> None:
    """In the order in which they came, whichever process writes; those of a file without are the same."""
    path = tmp_path / "h.duckdb"
    for first in (1, 4):
        history = await open_history(path, STORE)
        facts = [a_row(seq, a_fact(seq, visitor=2**64 - seq % 4 - 1)) for seq in range(first, first + 3)]
        visit = VisitRow(first + 2, 0, first, 0, 1, *A_VISIT, facts[0].fact)
        await history.append(Rows(facts=facts, visits=[visit]), first + 2)
        numbers = await ask(history, VISITORS)
        assert await ask(history, PERSONS) == numbers
        await history.close()
    assert numbers == [(2**64 - 2, 1), (2**64 - 3, 2), (2**64 - 4, 3), (2**64 - 1, 4)]
    with duckdb.connect(path) as other:
        _of_version_1(other)
    history = await open_history(path, STORE)
    assert await ask(history, VISITORS) == await ask(history, PERSONS) == numbers
    await history.append(Rows(facts=[a_row(7, a_fact(7, visitor=7))]), 7)
    assert await ask(history, PERSONS) == [*numbers, (7, 5)]
    await history.close()
    with duckdb.connect(path) as other:
        assert other.execute("SELECT version FROM state").fetchall() == [(2,)]


async def test_of_an_erased_visitor_no_number_is_left(tmp_path: Path, a_fact: AFact) -> None:
    """Who has a row left keeps it; who comes again has one in all rows."""
    history = await open_history(tmp_path / "h.duckdb", STORE)
    facts = [a_row(seq, a_fact(seq, visitor=visitor, path=path)) for seq, (visitor, path) in enumerate(SEEN, 1)]
    await history.append(Rows(facts=facts), 4)
    await history.append(Rows(erase=Erase("my-site", 0, path="/a")), 5)
    assert await ask(history, VISITORS) == await ask(history, PERSONS) == [(11, 1)]
    await history.append(Rows(facts=[a_row(6, a_fact(6, visitor=12)), a_row(7, a_fact(7, visitor=11))]), 7)
    assert await ask(history, VISITORS) == await ask(history, PERSONS) == [(11, 1), (12, 2)]
    await history.close()


async def test_a_failed_append_leaves_no_numbers(tmp_path: Path, a_fact: AFact) -> None:
    """They are in the transaction of their rows."""
    history = await open_history(tmp_path / "h.duckdb", STORE)
    broken = a_row(2, a_fact(2, visitor=3, path=None))
    with pytest.raises(HistoryFailed):
        await history.append(Rows(facts=[a_row(1, a_fact(1, visitor=9)), broken]), 2)
    await history.append(Rows(facts=[a_row(1, a_fact(1, visitor=8))]), 1)
    assert await ask(history, VISITORS) == await ask(history, PERSONS) == [(8, 1)]
    await history.close()
