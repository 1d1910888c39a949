"""One loop owns the live state: append, fold, answer. It names no backend, no door and no viewer.

The writer takes *everything* that is waiting, appends it as one transaction, starts the next append, then folds the first
batch and answers it: small batches when idle, large ones when busy, no timer. An answer is a promise: the record is durable.
A failed append changes no state: its callers get Busy, the journal is opened anew, and what it turns out to hold is folded
before anything new is taken. A change of rows is a barrier: see `_change`; it ends its batch, so that the journal can forget all
of it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from footfall.batch import Batch, Request
from footfall.errors import Busy, Full, HistoryFailed, JournalFailed
from footfall.history.base import History, Statement
from footfall.journal.base import Journal, Position, Vector, numbered
from footfall.live import checkpoint
from footfall.live.fold import Fold, Line, Refusal
from footfall.model import Adopt, Command, Fact, Import, Record, Table, Verdict
from footfall.recount.barriers import NAMES, Attempts, Barrier, change_of, follow
from footfall.recount.state import differences, recounted
from footfall.sink import Filling
from footfall.supervised import supervised
from footfall.tally import Tally

_BREATH = 400  # records folded before the loop looks at other work: some 5 ms
_QUESTION_SECONDS = 2.0  # how long a question waits for history to catch up before it states its lag
_REOPEN_SECONDS = 0.5
T = TypeVar("T")

log = structlog.get_logger(__name__)


def tell_faults(fold: Fold) -> None:
    """Say loudly what a fold could not digest since the last time."""
    for seq, what in fold.faults:
        log.error("a record could not be digested and was rejected", seq=seq, fault=what)
    fold.faults.clear()


async def change_rows(
    history: History, sink: Filling, seq: Position, change: Barrier, tell: Callable[[int], Awaitable[None]]
) -> None:
    """History has everything before `seq`, then changes. The result is told first: what is done in part would give another."""
    if sink.position >= seq:
        return
    await sink.reach(seq - 1)
    rows, count = await change_of(history, seq, change)
    await tell(count)
    sink.offer(rows, seq)
    await sink.reach(seq)


async def _not_held() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of one process; at a cap collecting answers Full."""

    pending_bytes: int = 256 << 20  # rows waiting for history
    window_entries: int = 100_000_000  # what Fold.entries() counts, some 25 bytes each
    waiting_records: int = 50_000  # records not yet appended


@dataclass(frozen=True, slots=True)
class Health:
    """`accepting` is False while facts are refused, `reason` then says why. The lag is in records, and in seconds."""

    accepting: bool
    reason: str
    history_lag: int
    history_lag_seconds: float
    history_failure: str
    seq: Position


class Engine:
    """Takes facts and commands, answers them once they are durable and folded. Made by `house.py`, after recovery."""

    def __init__(
        self,
        fold: Fold,
        journal: Journal,
        history: History,
        sink: Filling,
        clock: Callable[[], int],
        limits: Limits,
        obstacle: Callable[[], str] = lambda: "",
    ) -> None:
        self.fold = fold
        self.now = clock
        self.sink = sink
        self.appends = 0
        self.append_seconds = 0.0  # what all appends took together
        self.on_change: Callable[[set[str]], None] = lambda sites: None
        self.on_barrier: Callable[[Position], Awaitable[None]]
        self.held: Callable[[], Awaitable[str]] = _not_held  # says why no row may be changed now, "" if they may
        self._journal = journal
        self._history = history
        self._limits = limits
        self._obstacle = obstacle  # says why nothing may be taken (a full disk), "" if nothing stands in the way
        self._requests: list[Request] = []
        self._batches: deque[Batch] = deque()  # appended or being appended, not answered yet
        self._waiting = 0
        self._tally = Tally(fold)
        self._wake = asyncio.Event()
        self._reason = ""
        self._crowded = False  # whether the windows were full after the last batch: asking takes longer than a fact may
        self._changing = ""  # what is done to rows at the moment, "" if nothing is
        self._changed = 0  # changes that were carried out
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    # --- what callers use ---

    def record(self, facts: Sequence[Fact], refused: Sequence[Refusal] = ()) -> asyncio.Future[list[Verdict]]:
        """Make facts durable and judge them, one verdict each, and count what intake refused of the same request. Raises Busy:
        Full at once, JournalFailed when it is awaited; then none of it was acknowledged or counted."""
        return self._submit(facts, self._refusal(), refused)  # type: ignore[return-value]  # facts are answered with verdicts

    async def command(self, command: Command) -> object:
        """Make a command durable and carry it out; its result as in model.py. Raises Busy.

        Caps hold for facts, and imports are facts; other commands go on at them: a sweep is what makes room.
        """
        refusal = self._refusal() if isinstance(command, Import | Adopt) else self._standstill()
        if isinstance(command, Barrier):
            refusal = refusal or await self.held()
        return (await self._submit([command], refusal))[0]

    async def fetch(self, statement: Statement) -> tuple[Table, int]:
        """Ask history, which is never behind what was acknowledged before; (rows, records it lags if it could not catch up)."""
        seq = self.fold.seq
        lag = 0 if await self.sink.wait(seq, within=_QUESTION_SECONDS) else max(1, seq - self.sink.position)
        return await self._history.fetch(statement), lag

    async def place(self) -> Vector:
        """How far the state is, for what is asked of history beside it: take it before anything else is awaited. Raises Busy."""
        return (self.fold.seq,)

    async def shown(self) -> None:
        """What this process acknowledged is in the state: here it is already."""

    async def settled(self) -> None:
        """Wait until everything that was acknowledged before is folded, and any erase on the way is done. Raises Busy."""
        await self._submit((), self._standstill())

    async def undisturbed(self, look: Callable[[Fold, Vector], Awaitable[T]]) -> T:
        """What `look` makes of a copy of the state, its place, and history, which has everything up to there by then. A
        change of rows on the way is one of what was served: then it looks again behind it. Raises Busy, HistoryFailed."""
        while True:
            await self.settled()
            changed, served = self._changed, checkpoint.capture(self.fold)
            await self.sink.reach(served.seq)
            found = await look(served, (served.seq,))
            if not self._changing and self._changed == changed:
                return found

    async def verify(self) -> list[str]:
        """Recount every total from the rows and compare with what is served: one sentence for each difference."""
        return await self.undisturbed(self._differences)

    async def _differences(self, served: Fold, upto: Vector) -> list[str]:
        return differences(served, await recounted(self._history, *upto))

    def health(self) -> Health:
        """How things stand."""
        reason = self._refusal()
        lag = max(0, self.fold.seq - self.sink.position)
        return Health(not reason, reason, lag, self.sink.behind_seconds(), self.sink.failure, self.fold.seq)

    def received(self) -> Counter[Line]:
        """What became of facts in this process, by line with hour 0, for /metrics."""
        return self._tally.total()

    # --- the writer ---

    def start(self) -> None:
        """Begin taking records; needs a running loop."""
        self._tally.begin()
        self._crowded = self.fold.entries() > self._limits.window_entries
        self._task = supervised(asyncio.create_task(self._run(), name="engine"), self._broken)
        self._task.add_done_callback(self._stopped)

    def _broken(self, what: str) -> None:
        self._reason = what

    def _stopped(self, task: asyncio.Task[None]) -> None:
        """A writer that ended by a fault, or was cut off, must not leave callers waiting for ever."""
        for request in (*(request for batch in self._batches for request in batch.requests), *self._requests):
            request.fail(Full(self._refusal()))

    async def close(self) -> None:
        """Take nothing more, answer everybody who waits. The fold then stands at the journal's head.
        Cancelling it cuts the writer off, e.g. in a change of rows that waits for history: the next start finishes it."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task

    def _standstill(self) -> str:
        """Why nothing at all is taken, "" if nothing is in the way."""
        return "the server is stopping" if self._closing else self._reason

    def _refusal(self) -> str:
        """Why no facts are taken, "" if they are."""
        if standstill := self._standstill():
            return standstill
        if self._changing and self.sink.failure:
            return f"{self._changing} waits for history"  # and nobody is answered before it is done
        if self.sink.pending_bytes > self._limits.pending_bytes:
            return "too many rows wait for history"
        if self._crowded:
            return "the windows of the last hour are full"
        if self._waiting > self._limits.waiting_records:
            return "too many records wait for the journal"
        return self._obstacle()

    def _submit(self, records: Sequence[Record], refusal: str, refused: Sequence[Refusal] = ()) -> asyncio.Future[list[object]]:
        if refusal:
            raise Full(refusal)
        request = Request(records, refused)
        self._requests.append(request)
        self._waiting += len(records)
        self._wake.set()
        return request.answer

    async def _run(self) -> None:
        appending = self._append()
        while not (self._closing and appending is None):
            if appending is None:
                await self._wake.wait()
                self._wake.clear()
                appending = self._append()
                continue
            batch, append = appending
            try:
                last = await append
            except JournalFailed as error:
                await self._mend(batch, error)
                appending = self._append()
                continue
            appending = self._append()
            await asyncio.sleep(0)  # let the next append reach its thread before this one is folded
            await self._settle(batch, last)
            self._batches.popleft()
            appending = appending or self._append()  # what came meanwhile may be the last before it closes

    def _append(self) -> tuple[Batch, asyncio.Task[Position]] | None:
        """Start to append everything that waits, up to a barrier; None if nothing does."""
        if not self._requests:
            return None
        end = next((n for n, request in enumerate(self._requests, 1) if request.is_barrier), len(self._requests))
        batch, self._requests = Batch(self._requests[:end], self.now()), self._requests[end:]
        self._waiting = sum(len(request.records) for request in self._requests)
        self._batches.append(batch)
        return batch, asyncio.create_task(self._append_all(batch.records))

    async def _append_all(self, records: list[Record]) -> Position:
        began = asyncio.get_running_loop().time()
        last = await self._journal.append(records)
        self.appends += 1
        self.append_seconds += asyncio.get_running_loop().time() - began
        return last

    async def _settle(self, batch: Batch, last: Position) -> None:
        """Fold a durable batch and answer its callers."""
        seq = last - len(batch.records)
        folded, apply = 0, self.fold.apply
        for record in batch.records[: batch.first]:
            seq += 1
            apply(seq, record)
        for request in batch.requests:
            answers = []
            for record in request.records:
                seq += 1
                answers.append(await self._change(seq, record) if isinstance(record, Barrier) else apply(seq, record))
            if not request.answer.done():
                request.answer.set_result(answers)
            folded += request.weight
            if folded > _BREATH:
                folded = 0
                self._hand_on()
                await asyncio.sleep(0)
        self._hand_on()

    def _hand_on(self) -> None:
        """Give rows to the sink and changed sites to the hub; tell faults."""
        fold = self.fold
        self._crowded = fold.entries() > self._limits.window_entries
        self.sink.offer(self._tally.take_rows(), fold.seq)
        if fold.dirty:
            changed, fold.dirty = fold.dirty, set()
            self.on_change(changed)
        tell_faults(fold)

    # --- when things fail ---

    async def _mend(self, batch: Batch, error: JournalFailed) -> None:
        """Nobody in `batch` is acknowledged; fold what the journal turns out to hold all the same.

        The pause keeps a journal that opens well and cannot be written (a full disk) from being opened at every request.
        """
        log.error("the journal could not append; opening it anew", error=str(error))
        self._reason = "the journal cannot be written"
        self._batches.popleft()
        for request in batch.requests:
            request.fail(JournalFailed(self._reason))
        while True:
            self._turn_away(JournalFailed(self._reason))
            await asyncio.sleep(_REOPEN_SECONDS)
            try:
                await self._journal.reopen()
                await self.catch_up()
            except JournalFailed as again:
                if self._closing:
                    return  # there is nothing to write to
                log.warning("the journal is still unavailable", error=str(again))
                continue
            self._reason = ""
            return

    def _turn_away(self, error: Busy) -> None:
        """Nothing of what waits to be appended is taken."""
        requests, self._requests, self._waiting = self._requests, [], 0
        for request in requests:
            request.fail(error)

    async def catch_up(self) -> None:
        """Fold every durable record after the fold's seq, giving history the rows that it does not have."""
        async for last, records in self._journal.follow(self.fold.seq):
            for seq, record in numbered(last, records):
                if seq <= self.fold.seq:
                    continue  # a batch may begin before
                if isinstance(record, Barrier):
                    await self._change(seq, record)
                else:
                    self.fold.apply(seq, record)
                if seq <= self.sink.position:
                    self.fold.take_rows()
            self._hand_on()
            while self.sink.pending_bytes > self._limits.pending_bytes:
                await self.sink.reach(self.sink.position + 1)

    # --- barriers ---

    async def _change(self, seq: Position, change: Barrier) -> int:
        """Carry out a change of rows at `seq`, however often it takes. Returns its result: see change_of.

        A crash anywhere before the checkpoint repeats it harmlessly; so does a store that fails: meanwhile nothing is taken.
        """
        found, before, journal_failed = list[int](), self._reason, False
        attempts = Attempts(change, seq)

        async def keep(count: int) -> None:
            found[:] = [count]

        self._changing = NAMES[type(change)]
        self._hand_on()  # what came before it in the same batch
        while self._changing:
            try:
                if journal_failed:
                    await self._journal.reopen()
                    journal_failed = False
                await change_rows(self._history, self.sink, seq, change, keep)
                await follow(self.fold, self._history, seq, change)
                await self.on_barrier(seq)
                self._changing = ""
            except (Busy, HistoryFailed) as error:
                journal_failed = journal_failed or isinstance(error, JournalFailed)
                self._reason = f"{self._changing} waits for {_waits_for(error)}"
                self.sink.failure = attempts.failure(error)
                self._turn_away(Full(self._reason))
                await attempts.pause()
        if attempts.failed:
            self._reason, self.sink.failure = before, ""
        self._changed += 1
        return sum(found)


def _waits_for(error: Busy | HistoryFailed) -> str:
    if isinstance(error, HistoryFailed):
        return "history"
    return "the journal" if isinstance(error, JournalFailed) else "room for a checkpoint"
