"""Carries the fold's rows into history, in order, in steps of whole records. It knows no rule and no site.

Rows wait here, bounded in bytes, while history is slow or failing; nothing is ever skipped. A step is retried until
history takes it, so accepting facts goes on while history is away.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import Protocol

import structlog

from footfall.errors import HistoryFailed, StoreRefused
from footfall.history.base import History
from footfall.journal.base import Position
from footfall.model import Fact, Rows
from footfall.supervised import cancelled, supervised

_STEP_ROWS = 4_000  # rows in one transaction, about; a backlog is worked off in steps of this size
_PACE = 1.0  # seconds between steps without a backlog: a commit costs 5 ms of CPU whatever is in it; a question hurries it
_RETRY = (0.25, 0.5, 1.0, 2.0, 5.0)  # seconds to wait after the nth failure in a row
_ROW_BYTES = 700  # what a row takes in memory besides its longest strings
_PROP_BYTES = 150  # the same of a property

log = structlog.get_logger(__name__)


def _weight(rows: Rows) -> int:
    """About what rows take in memory. A visit's first fact is a row too, so it is weighed already."""
    return sum(_texts(row.fact) for row in rows.facts) + _ROW_BYTES * (len(rows) + 1)


def _named(rows: Rows) -> str:
    """What is carried, for what is said of it."""
    if rows.erase is not None:
        return f"an erase of {rows.erase.site}"
    return "rows" if rows.rejudged is None else f"a reclassification of {rows.rejudged.site}"


def _texts(fact: Fact) -> int:
    """The characters of what may be long."""
    props = 0 if fact.props is None else sum(len(name) + len(value) + _PROP_BYTES for name, value in fact.props.items())
    place = len(fact.city or "") + len(fact.region or "") + len(fact.country or "")
    utm = len(fact.utm_source) + len(fact.utm_medium) + len(fact.utm_campaign) + len(fact.utm_content) + len(fact.utm_term)
    return len(fact.path) + len(fact.title) + len(fact.referrer) + len(fact.name) + utm + place + props


class Filling(Protocol):
    """How history is filled, as the engine sees it: by a Sink in this process, or elsewhere."""

    position: Position
    pending_bytes: int
    failure: str

    def start(self) -> None: ...
    def behind_seconds(self) -> float: ...
    def offer(self, rows: Rows, seq: Position) -> None: ...
    async def wait(self, seq: Position, within: float | None = None) -> bool: ...
    async def reach(self, seq: Position) -> None: ...
    async def close(self) -> None: ...


class Sink:
    """One task fills history behind the fold. `position` is how far history is; `failure` says why it is stuck, "" if not.

    `appends`, `append_seconds`, `rows` are what was carried so far."""

    def __init__(self, history: History, position: Position, pace: float = _PACE) -> None:
        self._history = history
        self._pace_seconds = pace
        self._queue: deque[tuple[Rows, Position, int, float]] = deque()  # with their weight, and when they came
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._waiting: list[tuple[Position, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None
        self.position = position
        self.offered = position
        self.pending_bytes = 0
        self.failure = ""
        self.appends = 0
        self.append_seconds = 0.0
        self.rows = 0

    def start(self) -> None:
        """Begin carrying; needs a running loop."""
        self._task = supervised(asyncio.create_task(self._run(), name="sink"), self._broken)

    def behind_seconds(self) -> float:
        """How long the oldest rows have waited, 0 if none wait."""
        return time.monotonic() - self._queue[0][3] if self._queue else 0.0

    def offer(self, rows: Rows, seq: Position) -> None:
        """Take the rows of records up to `seq`; those up to `position` are in history already and were left out."""
        if seq <= self.offered:
            return
        weight = _weight(rows)
        self._queue.append((rows, seq, weight, time.monotonic()))
        self.offered = seq
        self.pending_bytes += weight
        self._wake.set()
        if self.pending_bytes > _STEP_ROWS * _ROW_BYTES:
            self._hurry.set()

    async def wait(self, seq: Position, within: float | None = None) -> bool:
        """Wait until history has everything up to `seq`; False if it has not after `within` seconds or the sink was closed.

        Raises HistoryFailed if the sink stopped by a fault.
        """
        if self.position >= seq:
            return True
        if self._task is not None and self._task.done():
            return self._ended()
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((seq, reached))
        self._hurry.set()
        done, _ = await asyncio.wait([reached], timeout=within)
        if not done:
            self._waiting = [entry for entry in self._waiting if entry[1] is not reached]
        return bool(done) and (self.position >= seq or self._ended())

    async def reach(self, seq: Position) -> None:
        """Wait until history has everything up to `seq`, however long. Raises HistoryFailed if it never will in this process."""
        if not await self.wait(seq):
            raise HistoryFailed("history is closed")

    async def close(self) -> None:
        """Stop carrying. What has not been carried is in the journal still."""
        if self._task is not None:
            await cancelled(self._task)
        self._wake_all()

    def _broken(self, what: str) -> None:
        self.failure = what
        self._wake_all()

    def _ended(self) -> bool:
        """There is no use in waiting: False if it was closed."""
        if self._task is not None and not self._task.cancelled():
            raise HistoryFailed(self.failure)
        return False

    def _wake_all(self) -> None:
        for _, reached in self._waiting:
            if not reached.done():
                reached.set_result(None)
        self._waiting = []

    async def _run(self) -> None:
        failures, began = 0, 0.0
        while True:
            await self._wake.wait()
            rows, seq, weight, items = self._step()
            if not failures:
                began = time.monotonic()
            try:
                await self._carry(rows, seq)
            except (HistoryFailed, StoreRefused) as error:  # refused: another file was put in its place
                failures += 1
                self._failed(rows, failures, round(time.monotonic() - began), str(error))
                await asyncio.sleep(_RETRY[min(failures, len(_RETRY)) - 1])
                continue
            failures, self.failure = 0, ""
            self._done(seq, weight, items)
            await self._pace()

    def _failed(self, rows: Rows, attempts: int, seconds: int, error: str) -> None:
        """Say so. A change of rows stops what comes after it, so it is named, where failures of rows are history's."""
        self.failure = f"{_named(rows)} failed {attempts} times in {seconds} s: {error}" if rows.alone else error
        log.error(
            "history cannot be written; rows wait",
            waiting=_named(rows),
            attempts=attempts,
            seconds=seconds,
            error=error,
            pending_bytes=self.pending_bytes,
        )

    async def _carry(self, rows: Rows, seq: Position) -> None:
        began = time.monotonic()
        await self._history.append(rows, seq)
        self.append_seconds += time.monotonic() - began
        self.appends += 1
        self.rows += len(rows)

    def _step(self) -> tuple[Rows, Position, int, int]:
        """What goes into the next transaction; it stays in the queue until history has it."""
        first, seq, weight, _ = self._queue[0]
        if first.alone:
            return first, seq, weight, 1
        step, items, total = Rows(), 0, 0
        for rows, last, weight, _ in self._queue:
            if rows.alone or (items and len(step) + len(rows) > _STEP_ROWS):
                break
            step.facts += rows.facts
            step.visits += rows.visits
            step.minutes += rows.minutes
            step.ledger += rows.ledger
            step.content += rows.content
            seq, items, total = last, items + 1, total + weight
        return step, seq, total, items

    def _done(self, seq: Position, weight: int, items: int) -> None:
        for _ in range(items):
            self._queue.popleft()
        self.position = seq
        self.pending_bytes -= weight
        if not self._queue:
            self._wake.clear()
        reached = [future for wanted, future in self._waiting if wanted <= seq]
        self._waiting = [entry for entry in self._waiting if entry[0] > seq]
        for future in reached:
            if not future.done():
                future.set_result(None)

    async def _pace(self) -> None:
        """Let rows gather, unless there is a backlog or somebody waits."""
        self._hurry.clear()
        if self._waiting or self.pending_bytes > _STEP_ROWS * _ROW_BYTES:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace_seconds):  # not `wait_for`, which in Python 3.11 may lose a cancellation
                await self._hurry.wait()
