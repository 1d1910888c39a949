"""Changes of rows: each is about rows of its partition, and one that is cut off anywhere is made whole by another call."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from footfall.errors import HistoryFailed
from footfall.history.base import Statement
from footfall.history.clickhouse import ClickhouseHistory
from footfall.history.clickhouse_server import Address, Server
from footfall.history.duckdb import open_history as open_duckdb
from footfall.model import Rows
from footfall.recount.barriers import Barrier, change_of, matched
from footfall.recount.state import whole
from tests.clickhouse_server import ClickhouseServer
from tests.conformance.changes import CHANGES, OTHER, changed, rows_of, told

from .conftest import STORE, OpenHistory

CUTS = 13  # one more than any change has statements


class Cut(Server):
    """A server that is not reached any more after some statements."""

    left: int | None = None

    async def ask(self, *arguments, **named):  # type: ignore[no-untyped-def]  # those of Server.ask
        if self.left == 0:
            raise HistoryFailed("cut off")
        if self.left is not None:
            self.left -= 1
        return await super().ask(*arguments, **named)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_change_is_about_rows_of_its_partition(open_a_history: OpenHistory, change: Barrier) -> None:
    """Before a command is given it is told of all of them; then each copy tells of its own."""
    history, change = await open_a_history(), msgspec.structs.replace(change, site="mine")
    rows, last = rows_of("mine", 0)
    others, other_last = rows_of("mine", OTHER)
    await history.append(rows, last)
    (alone,) = await history.fetch(matched(change))
    await history.append(others, other_last)
    (both,) = await history.fetch(matched(change))
    assert [whole(count) for count in both[:2]] == [2 * whole(count) for count in alone[:2]]
    for upto, expected in ((last, alone), (other_last, alone), (OTHER, (0, 0))):
        assert list((await history.fetch(matched(change, upto)))[0])[:2] == list(expected[:2])


@pytest.mark.slow
@pytest.mark.clickhouse
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_change_that_is_cut_off_anywhere_comes_to_the_same(
    clickhouse: ClickhouseServer, tmp_path: Path, change: Barrier
) -> None:
    """After each of its statements, and worked out anew from what is there then: as in DuckDB, which does all of it or nothing.
    Rows of another partition stay."""
    address = clickhouse.database(str(tmp_path))
    server = Cut(Address.of(address))
    history, alone = ClickhouseHistory(server, STORE), await open_duckdb(tmp_path / "h.duckdb", STORE)
    others, other = Rows(), OTHER
    for cut in range(CUTS):
        rows, other = rows_of(f"s{cut}", other)
        others = Rows(others.facts + rows.facts, others.visits + rows.visits, others.minutes + rows.minutes)
    await history.append(others, other)
    kept, seq, done = await told(history, f"seq > {OTHER}"), 0, False
    for cut in range(CUTS):
        mine = msgspec.structs.replace(change, site=f"s{cut}")
        rows, last = rows_of(mine.site, seq)
        seq = last + 1
        await alone.append(rows, last)
        await history.append(rows, last)
        work, expected = await change_of(history, seq, mine)
        assert await changed(alone, seq, mine) == expected > 0
        server.left, done = cut, False
        with suppress(HistoryFailed):
            await history.append(work, seq)
            done = True
        server.left = None
        await changed(history, seq, mine)  # which does nothing where it was done
    assert done
    assert await told(history, f"seq < {OTHER}") == await told(alone, f"seq < {OTHER}")
    assert await told(history, f"seq > {OTHER}") == kept
    assert await history.fetch(Statement("SELECT (SELECT count(*) FROM judged), (SELECT count(*) FROM touched)")) == [(0, 0)]
    await history.close()
    await alone.close()
    clickhouse.drop(address)
