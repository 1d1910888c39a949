"""An engine that folds what it follows: what all nodes appended, and not what it appended itself. It names no backend.

The state is one fold over all partitions: whatever is judged is judged of one visitor, and a visitor is in one partition, so the
order among partitions is of no consequence, and any node can answer for all. How far it is in each is a vector beside it; the
fold's own seq counts the records that were folded, so nodes that are equally far are at the same one.

* A fact is answered when a majority holds it, before it is folded: its verdict is not known then, and its 2xx needs none.
* A command is answered when this node has folded it. A sweep has a copy in each partition, and counts when the last one is
  folded: then everything that any of them made final is behind it.
* A change of rows has copies too, and whoever fills history carries it out at each. Here it is remembered, and the state follows
  it when history is behind it (following.py); facts are folded meanwhile, ClickHouse may be away.
* Rows are made where history is filled (`footfall sink`), by a fold for each partition; those made here go nowhere.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import msgspec
import structlog

from footfall.cluster import routes
from footfall.cluster.lanes import Lane
from footfall.cluster.merged import Merged
from footfall.cluster.watermark import Watermark
from footfall.engine import Engine, Health, Limits
from footfall.errors import Full, StoreMismatch
from footfall.history.base import PartitionedHistory
from footfall.journal.base import Batch, Partition, Position, Vector, numbered, partition_of
from footfall.live import checkpoint
from footfall.live.fold import Fold, Refusal
from footfall.model import STORED, Adopt, Command, Erase, Fact, Import, Record, Refused, Verdict
from footfall.recount.barriers import NAMES, Barrier, forget
from footfall.rules import SECOND
from footfall.supervised import cancelled, supervised

_BREATH = 400  # records folded before the loop looks at other work
_FOLD_SECONDS = 10.0  # how long a command waits to be folded
_SHOWN_SECONDS = 1.0  # and how long somebody who will look at once waits for his facts to be
_KEPT = 4_096  # results of commands: one may be folded before whoever appended it learns its seq
_BEHIND = "this node cannot follow the journal just now"
_SWEPT_SECONDS = 130.0  # two sweeps and some
_CHANGE_SECONDS = 60.0  # how long whoever asked for a change of rows waits for it
_ABANDONED = 10 * SECOND  # a copy that still waits for the others then will wait for ever: whoever appended them is gone

T = TypeVar("T")
Part = tuple[int, Sequence[Record]]  # what of something goes to a partition, with its number
Copies = dict[int, Position]  # of a change of rows: their seqs by partition

log = structlog.get_logger(__name__)


class Node(Engine):
    """Made by the wiring, with a fold that stands at `after`."""

    def __init__(
        self,
        fold: Fold,
        partitions: Sequence[Partition],
        after: Vector,
        history: PartitionedHistory,
        watermark: Watermark,
        clock: Callable[[], int],
        limits: Limits,
        obstacle: Callable[[], str] = lambda: "",
    ) -> None:
        super().__init__(fold, partitions[0], history, watermark, clock, limits, obstacle)
        self.at = after
        self.is_whole = True  # no batch is folded in part, and no command
        self.turn = asyncio.Lock()  # held while a batch is folded: nobody is cut off in it, nor looks at half of it
        self._partitions = partitions
        self._lanes = [Lane(partition) for partition in partitions]
        self._merged = Merged(partitions, after)
        self._watermark = watermark
        self._positions = history.positions
        self._own = list(after)  # how far what this node appended goes
        self._copies: dict[Command, int] = {}
        self.changes: dict[Barrier, Copies] = {}  # of rows, not followed yet
        self.changing = asyncio.Event()  # set while there are such
        self._asked: dict[Barrier, asyncio.Future[int]] = {}  # changes whose result is waited for here
        self._results: dict[Position, object] = {}
        self._folded = asyncio.Event()  # set, and another one put in its place, whenever something was
        self._following: asyncio.Task[None] | None = None

    # --- what callers use ---

    def record(self, facts: Sequence[Fact], refused: Sequence[Refusal] = ()) -> asyncio.Future[list[Verdict]]:
        """Make facts durable, and counts of what intake refused with them. The verdicts only say that facts were taken."""
        if refusal := self._refusal():
            raise Full(refusal)
        parts: list[Part] = list(routes.of_facts(facts, len(self._lanes)).items())
        if refused:
            told = Refused(self.now(), tuple((*key, count) for key, count in Counter(refused).items()))
            parts += self._parts(told)
        return asyncio.ensure_future(self._durable(len(facts), self._submitted(parts)))

    async def _durable(self, count: int, appends: Sequence[asyncio.Future[Position]]) -> list[Verdict]:
        for seq in await _all(appends):
            self._own[partition_of(seq)] = max(self._own[partition_of(seq)], seq)
        return [STORED] * count

    def _parts(self, command: Command) -> list[Part]:
        """What of a command goes where."""
        return [(number, [part]) for number, part in routes.of_command(command, len(self._lanes)).items()]

    def _submitted(self, parts: Sequence[Part], *, alone: bool = False) -> list[asyncio.Future[Position]]:
        """Each part handed to the lane of its partition; none is when one of the lanes takes nothing. Raises Full."""
        for number, _ in parts:
            self._lanes[number].check()
        return [self._lanes[number].submit(part, alone=alone) for number, part in parts]

    async def shown(self) -> None:
        """What this node acknowledged is folded, or a second has passed."""
        own = tuple(self._own)
        with suppress(Full):
            await self._wait(lambda: all(here >= seq for here, seq in zip(self.at, own, strict=True)), _SHOWN_SECONDS)

    async def command(self, command: Command) -> object:
        """See Engine.command. Raises Busy also when it is durable and could not be folded in time, and HistoryFailed where a
        change of rows cannot be begun."""
        if isinstance(command, Barrier):
            return await self._change_everywhere(command)
        if refusal := self._refusal() if isinstance(command, Import | Adopt) else self._standstill():
            raise Full(refusal)
        appended = self._submitted(self._parts(command), alone=True)
        results = [await self._result(seq) for seq in await _all(appended)]
        told = [result for result in results if isinstance(result, int)]
        return sum(told) if told or routes.is_copied(command) else None

    async def _change_everywhere(self, change: Barrier) -> int:
        """Nothing is begun that could not be carried out now. Once it is in the journal it is carried out, answered or not."""
        if refusal := self._standstill() or await self.held():
            raise Full(refusal)
        await self._positions()
        while change in self._asked:  # another one like it, of the same moment
            change = msgspec.structs.replace(change, at=change.at + 1)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked[change] = answer
        try:
            await _all(self._submitted(self._parts(change), alone=True))
            async with asyncio.timeout(_CHANGE_SECONDS):
                return await answer
        except TimeoutError:
            what = NAMES[type(change)]
            raise Full(
                f"{what} is accepted, but history has not done it yet; it will be carried out when history is back"
            ) from None
        finally:
            del self._asked[change]

    async def undisturbed(self, look: Callable[[Fold, Vector], Awaitable[T]]) -> T:
        """See Engine.undisturbed. A command that not all partitions have is waited for, and if it was abandoned, the next sweep:
        history has done a part of it. It may be ahead of this node, and have carried out what is not folded here yet."""
        while True:
            await self._followed()
            await self._wait(lambda: self.is_whole and not self._copies, _SWEPT_SECONDS)
            changed, served, at = self._changed, checkpoint.capture(self.fold), self.at
            await self.sink.reach(served.seq)
            found = await look(served, at)
            await self._followed()
            if self._changed == changed:
                return found

    async def _followed(self) -> None:
        await self.settled()
        await self._wait(lambda: not self.changes, _CHANGE_SECONDS, "a change of rows waits for history")

    async def place(self) -> Vector:
        """In each partition, at a moment at which nothing is folded in part."""
        await self._wait(lambda: self.is_whole)
        return self.at

    async def settled(self) -> None:
        """What was acknowledged before, by any node, is folded."""
        if refusal := self._standstill():
            raise Full(refusal)
        heads = await asyncio.gather(*(partition.head() for partition in self._partitions))
        await self._wait(lambda: all(here >= head for here, head in zip(self.at, heads, strict=True)))

    def start(self) -> None:
        """Take facts and commands; `catch_up` was before."""
        self._tally.begin()
        self._hand_on()  # a mark of where it begins
        for lane in self._lanes:
            lane.start()
        self._following = supervised(asyncio.create_task(self._follow(), name="node"), self._broken)

    async def close(self) -> None:
        """Take nothing more, answer everybody who waits."""
        self._closing = True
        await asyncio.gather(*(lane.close() for lane in self._lanes))
        if self._following is not None:
            async with self.turn:
                await cancelled(self._following)
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(Full("the server is stopping; what was asked for will be carried out"))
        await self._merged.close()

    def health(self) -> Health:
        """Likewise when only some visitors' facts are refused."""
        self.appends = sum(lane.appends for lane in self._lanes)
        self.append_seconds = sum(lane.append_seconds for lane in self._lanes)
        health = super().health()
        failure = next((lane.failure for lane in self._lanes if lane.failure), "")
        return replace(health, accepting=False, reason=failure) if health.accepting and failure else health

    def _refusal(self) -> str:
        self._waiting = sum(lane.waiting for lane in self._lanes)
        return super()._refusal()

    async def _result(self, seq: Position) -> object:
        """What folding the record with this seq gave."""
        await self._wait(lambda: self.at[partition_of(seq)] >= seq)
        return self._results.pop(seq, None)

    async def _wait(self, reached: Callable[[], bool], seconds: float = _FOLD_SECONDS, failure: str = _BEHIND) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not reached():
                    await self._folded.wait()
        except TimeoutError:
            raise Full(failure) from None

    # --- folding ---

    async def catch_up(self) -> None:
        """Fold what every partition holds now, in about the order of its time."""
        heads = await asyncio.gather(*(partition.head() for partition in self._partitions))
        for number, (here, head) in enumerate(zip(self.at, heads, strict=True)):
            if here > head:
                raise StoreMismatch(
                    f"the checkpoint is ahead of partition {number} of the journal, which was lost or is an older copy",
                    "restore the streams and the checkpoints from one backup",
                )
        self._merged.start()
        while any(here < head for here, head in zip(self.at, heads, strict=True)):
            await self._fold(await self._merged.next())

    async def _follow(self) -> None:
        while True:
            await self._fold(await self._merged.next())

    async def _fold(self, batch: Batch) -> None:
        async with self.turn:
            await self._fold_whole(*batch)

    async def _fold_whole(self, last: Position, records: Sequence[Record]) -> None:
        self.is_whole = False
        for count, (seq, record) in enumerate(numbered(last, records), 1):
            self._apply(seq, record)
            if count % _BREATH == 0:
                await asyncio.sleep(0)
        number = partition_of(last)
        self.at = (*self.at[:number], last, *self.at[number + 1 :])
        abandoned = self.fold.now - _ABANDONED
        self.is_whole = all(command.at < abandoned for command in self._copies)
        self._hand_on()
        self._tell()

    def _hand_on(self) -> None:
        self._watermark.at = self.at
        super()._hand_on()

    def _tell(self) -> None:
        """Whoever waits looks again."""
        folded, self._folded = self._folded, asyncio.Event()
        folded.set()

    def _apply(self, seq: Position, record: Record) -> None:
        if isinstance(record, Fact):
            self.fold.apply(self.fold.seq + 1, record)
            return
        if isinstance(record, Barrier):
            self._remember(seq, record)
            return
        if routes.is_copied(record) and not self._is_last(record):
            self.fold.seq += 1
            return
        self._results[seq] = self.fold.apply(self.fold.seq + 1, record)
        if len(self._results) > _KEPT:
            self._results.pop(next(iter(self._results)))

    # --- changes of rows ---

    def _remember(self, seq: Position, change: Barrier) -> None:
        self.fold.seq += 1
        self._changed += 1
        self.changes.setdefault(change, {})[partition_of(seq)] = seq
        self.changing.set()
        if isinstance(change, Erase):
            forget(self.fold, change)

    def due(self) -> list[Barrier]:
        """Changes to be followed: those with a copy in each partition. Of one whose node died before it told all of them, none
        will come to the others; where it came it is carried out."""
        abandoned = self.now() - _ABANDONED
        return [
            change
            for change, copies in self.changes.items()
            if len(copies) == len(self._partitions) or (change.at < abandoned and not self.is_asked(change))
        ]

    def followed(self, changes: Iterable[Barrier]) -> None:
        """The state is behind these."""
        for change in changes:
            del self.changes[change]
        if not self.changes:
            self.changing.clear()
        self._changed += 1
        self._hand_on()
        self._tell()

    def is_asked(self, change: Barrier) -> bool:
        """Whether somebody waits for its result here."""
        return change in self._asked

    def answer(self, change: Barrier, result: int) -> None:
        """Tell the result to whoever waits for it."""
        answer = self._asked.get(change)
        if answer is not None and not answer.done():
            answer.set_result(result)

    # --- copies ---

    def _is_last(self, command: Command) -> bool:
        """Whether a copy of it was seen in every partition now. Of those begun before it that were not, none will be."""
        seen = self._copies.pop(command, 0) + 1
        if seen == len(self._partitions):
            self._copies = {other: count for other, count in self._copies.items() if other.at > command.at}
            return True
        self._copies[command] = seen
        return False


async def _all(appends: Sequence[asyncio.Future[Position]]) -> list[Position]:
    """Done when all are; raises what the first of them failed with, then too."""
    done = await asyncio.gather(*appends, return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return done  # type: ignore[return-value]  # no exceptions among them
