"""The statement of a replay, asked of an engine in memory: the same as counting by hand, also where ranks are shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.history.duckdb import FUNCTIONS
from footfall.query import replay
from footfall.rules import MINUTE
from tests.examples import examples

MOST = 2
ROW = st.tuples(st.integers(0, 2), st.sampled_from(["/", "/a", "/b", "/ä", ""]), st.sampled_from(["", "DE", "FR", "US"]))


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """One for all examples: opening it takes longer than asking it."""
    with duckdb.connect() as connection:
        connection.execute("".join(FUNCTIONS.values()))
        yield connection


@examples(40)
@given(rows=st.lists(ROW, max_size=30), named=st.none() | st.lists(st.sampled_from(["/", "/a", "/ä"]), unique=True))
def test_the_most_read_of_each_minute(
    engine: duckdb.DuckDBPyConnection, rows: list[tuple[int, str, str]], named: list[str] | None
) -> None:
    """Most readers first, ties by name; with names only these and no countries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "TOP_PAGES", MOST)
        patch.setattr(replay, "TOP_COUNTRIES", MOST)
        engine.execute(
            "CREATE OR REPLACE TABLE minutes (site VARCHAR, seq BIGINT, minute_ms BIGINT, path VARCHAR, country VARCHAR)"
        )
        for minute, path, country in rows:
            engine.execute("INSERT INTO minutes VALUES ('a', 1, ?, ?, ?)", [minute * MINUTE, path, country])
        statement = replay.statement("a", 0, 2 * MINUTE, (1,), named)
        found = replay.tallies(engine.execute(statement.sql, list(statement.params)).fetchall())
    for minute in range(3):
        here = [(path, country) for at, path, country in rows if at == minute < 2]
        tally = found.get(minute * MINUTE, replay.Tally())
        assert tally.people == len(here)
        assert tally.pages == _most(path for path, _ in here if named is None or path in named)
        assert tally.countries == (_most(country for _, country in here) if named is None else Counter())


def _most(names: Iterable[str]) -> Counter[str]:
    counts = Counter(names)
    return Counter(dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0].encode()))[:MOST]))
