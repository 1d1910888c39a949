"""How far history is, that another process fills: the place of a sink in a node. It carries nothing, it looks.

A node counts the records that it folded; history knows how far it is in each partition. So marks are kept of the way: after so
many records the node was so far in each. A mark is passed when history is as far in all of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice

import structlog

from footfall.errors import HistoryFailed, StoreRefused
from footfall.journal.base import Position, Vector
from footfall.model import Rows
from footfall.supervised import cancelled, supervised

_LOOK = 1.0  # seconds between two looks; while somebody waits:
_HURRY = 0.05
_REACH = 60.0
_MARK = 0.1  # seconds between two marks
_MOST_MARKS = 4_096  # then every other one is dropped: history may be away for days

log = structlog.get_logger(__name__)


class Watermark:
    """Likewise a sink to the engine: `position` is how far history is, in the engine's seqs."""

    def __init__(self, how_far: Callable[[], Awaitable[Mapping[int, Position]]], starts: Vector) -> None:
        self.position = 0
        self.pending_bytes = 0  # nothing waits here
        self.failure = ""
        self.at: Vector = ()  # the engine's, told with each offer
        self.passed: Vector = ()  # where the last mark that history passed was
        self._how_far = how_far
        self._starts = starts  # where partitions begin: history knows nothing of one in which nothing ever was
        self._marks: deque[tuple[Position, Vector, float]] = deque()  # with the moment at which it was set
        self._marked = 0.0
        self._waiting = 0  # so many do
        self._moved = asyncio.Event()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look; needs a running loop."""
        self._task = supervised(asyncio.create_task(self._run(), name="watermark"), self._broken)

    def behind_seconds(self) -> float:
        """How long ago this node folded what history lacks; 0 if it lacks nothing."""
        return asyncio.get_running_loop().time() - self._marks[0][2] if self._marks else 0.0

    def offer(self, rows: Rows, seq: Position) -> None:
        """Rows are made where history is filled; here a mark is set at `seq`, a newer one in the place of one just set."""
        now = asyncio.get_running_loop().time()
        if self._marks and now - self._marked < _MARK:
            self._marks.pop()
        else:
            self._marked = now
        if len(self._marks) >= _MOST_MARKS:
            self._marks = deque(islice(self._marks, 0, None, 2))
        self._marks.append((seq, self.at, self._marked))

    async def wait(self, seq: Position, within: float | None = None) -> bool:
        """Wait until history has everything up to `seq`; False if it has not after `within` seconds."""
        self._waiting += 1
        try:
            async with asyncio.timeout(within):
                while self.position < seq:
                    self._hurry.set()
                    await self._moved.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    async def reach(self, seq: Position) -> None:
        """The same, and long. Raises HistoryFailed if it has not then."""
        if not await self.wait(seq, within=_REACH):
            raise HistoryFailed(self.failure or "history is behind")

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            await cancelled(self._task)

    def _broken(self, what: str) -> None:
        self.failure = what

    async def _run(self) -> None:
        while True:
            try:
                self._pass(await self._how_far())
                self.failure = ""
            except (HistoryFailed, StoreRefused) as error:  # refused: its tables may be put right
                if not self.failure:
                    log.error("history cannot be asked how far it is", error=str(error))
                self.failure = str(error)
            await self._pause()

    def _pass(self, reached: Mapping[int, Position]) -> None:
        here = tuple(reached.get(number, start) for number, start in enumerate(self._starts))
        while self._marks and all(there >= seq for there, seq in zip(here, self._marks[0][1], strict=True)):
            self.position, self.passed, _ = self._marks.popleft()
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _pause(self) -> None:
        if self._waiting and self._marks:
            await asyncio.sleep(_HURRY)
            return
        self._hurry.clear()
        try:
            async with asyncio.timeout(_LOOK):
                await self._hurry.wait()
        except TimeoutError:
            return
