"""A store on disk whose clock the test sets, and everything that can be seen of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from footfall.api import Footfall
from footfall.engine import Limits
from footfall.history.base import Statement
from footfall.store import Store, open_store
from tests.unit.live.made import START

TABLES = ("facts", "visits", "minutes", "ledger", "content")


class Time:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def time() -> Time:
    """At START."""
    return Time()


OpenStore = Callable[..., Awaitable[Store]]
OpenFootfall = Callable[[], Awaitable[Footfall]]


@pytest.fixture
async def open_a_store(tmp_path: Path, time: Time) -> AsyncIterator[OpenStore]:
    """Opens the same data folder again and again; closes what is left open."""
    opened: list[Store] = []

    async def open(limits: Limits | None = None) -> Store:
        opened.append(await open_store(tmp_path / "data", time, limits))
        return opened[-1]

    yield open
    for store in opened:
        await store.close()


@pytest.fixture
async def open_footfall(tmp_path: Path, time: Time) -> AsyncIterator[OpenFootfall]:
    """As above, with the Python API on top."""
    opened: list[Footfall] = []

    async def open() -> Footfall:
        opened.append(await Footfall.open(tmp_path / "data", site="blog", clock=time))
        return opened[-1]

    yield open
    for footfall in opened:
        await footfall.close()


async def rows_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All rows of every table, in order."""
    await store.engine.sink.wait(store.engine.fold.seq)
    statements = {table: Statement(f"SELECT * FROM {table} ORDER BY seq, n") for table in TABLES}
    return {table: list(await store.history.fetch(statement)) for table, statement in statements.items()}
