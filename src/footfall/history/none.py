"""No history: a node that was started without ClickHouse. It counts live; what history would be made of stays in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from footfall.errors import HistoryFailed
from footfall.history.base import Statement
from footfall.journal.base import Position, Vector
from footfall.model import Rows, Table


def _none() -> NoReturn:
    raise HistoryFailed("this node has no history: start it with --clickhouse")


class NoHistory:
    """See history/base.py: every call but `close` raises HistoryFailed."""

    async def append(self, rows: Rows, position: Position) -> None:
        _none()

    async def position(self) -> Position:
        _none()

    async def positions(self) -> Mapping[int, Position]:
        """How far it is in each partition."""
        _none()

    async def fetch(self, statement: Statement) -> Table:
        _none()

    async def export(self, site: str, upto: Vector, more: Rows, folder: Path, form: str) -> dict[str, int]:
        _none()

    async def close(self) -> None:
        return
