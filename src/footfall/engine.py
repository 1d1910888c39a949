"""One loop owns the live state: append, fold, answer. It names no backend, no door and no viewer.

The writer takes *everything* that is waiting, appends it as one transaction, starts the next append, then folds the first
batch and answers it: small batches when idle, large ones when busy, no timer. An answer is a promise: the record is durable.
A failed append changes no state: its callers get Busy, the journal is opened anew, and what it turns out to hold is folded
before anything new is taken. An erase is a barrier: see `_erase`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from footfall.errors import Full, JournalFailed
from footfall.history.base import History, Statement
from footfall.journal.base import Journal, Position
from footfall.live import checkpoint
from footfall.live.fold import Fold, Line
from footfall.model import Command, Erase, Fact, Record, Refused, Rows, Sweep, Table, Verdict
from footfall.recount import differences, matching, recounted
from footfall.sink import Sink

_BREATH = 400  # records folded before the loop looks at other work: some 5 ms
_QUESTION_SECONDS = 2.0  # how long a question waits for history to catch up before it states its lag
_REOPEN_SECONDS = 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of one process; at a cap collecting answers Full."""

    pending_bytes: int = 256 << 20  # rows waiting for history
    window_entries: int = 20_000_000  # ids, counted views and open visits
    waiting_records: int = 50_000  # records not yet appended


@dataclass(frozen=True, slots=True)
class Health:
    """`accepting` is False while facts are refused, `reason` then says why. The lag is in records."""

    accepting: bool
    reason: str
    history_lag: int
    history_failure: str
    seq: Position


class _Request:
    """Records of one caller, appended together, answered together."""

    __slots__ = ("answer", "records")

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        self.answer: asyncio.Future[list[object]] = asyncio.get_running_loop().create_future()


class Engine:
    """Takes facts and commands, answers them once they are durable and folded. Made by `house.py`, after recovery."""

    def __init__(
        self,
        fold: Fold,
        journal: Journal,
        history: History,
        sink: Sink,
        clock: Callable[[], int],
        limits: Limits,
        obstacle: Callable[[], str] = lambda: "",
    ) -> None:
        self.fold = fold
        self.now = clock
        self.sink = sink
        self.received: Counter[Line] = Counter()  # verdicts since the process started, for /metrics
        self.appends = 0
        self.append_seconds = 0.0  # what all appends took together
        self.on_change: Callable[[set[str]], None] = lambda sites: None
        self.on_barrier: Callable[[Position], Awaitable[None]]
        self._journal = journal
        self._history = history
        self._limits = limits
        self._obstacle = obstacle  # says why nothing may be taken (a full disk), "" if nothing stands in the way
        self._requests: list[_Request] = []
        self._waiting = 0
        self._refusals: Counter[tuple[str, str, str]] = Counter()
        self._wake = asyncio.Event()
        self._reason = ""
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    # --- what callers use ---

    async def record(self, facts: Sequence[Fact]) -> list[Verdict]:
        """Make facts durable and judge them, one verdict each. Raises Busy (Full, JournalFailed); then none was acknowledged."""
        return await self._submit(facts)  # type: ignore[return-value]  # facts are answered with verdicts

    async def command(self, command: Command) -> object:
        """Make a command durable and carry it out; its result as in model.py. Raises Busy."""
        return (await self._submit([command]))[0]

    def refuse(self, site: str, door: str, reason: str, count: int = 1) -> None:
        """Count what intake turned away; it travels with the next batch."""
        self._refusals[(site, door, reason)] += count
        self.received[(site, door, 0, "rejected", reason)] += count

    async def fetch(self, statement: Statement) -> tuple[Table, int]:
        """Ask history, which is never behind what was acknowledged before; (rows, records it lags if it could not catch up)."""
        await self.sink.wait(self.fold.seq, within=_QUESTION_SECONDS)
        lag = max(0, self.fold.seq - self.sink.position)
        return await self._history.fetch(statement), lag

    async def verify(self) -> list[str]:
        """Recount every total from the rows and compare with what is served: one sentence for each difference."""
        served = checkpoint.capture(self.fold)
        await self.sink.wait(served.seq)
        return differences(served, await recounted(self._history, served.seq))

    def health(self) -> Health:
        """How things stand."""
        reason = self._refusal()
        lag = max(0, self.fold.seq - self.sink.position)
        return Health(not reason, reason, lag, self.sink.failure, self.fold.seq)

    # --- the writer ---

    def start(self) -> None:
        """Begin taking records; needs a running loop."""
        self._task = asyncio.create_task(self._run(), name="engine")
        self._task.add_done_callback(self._stopped)

    def _stopped(self, task: asyncio.Task[None]) -> None:
        """A writer that ended by a fault must not leave callers waiting for ever."""
        if task.cancelled() or task.exception() is None:
            return
        self._reason = "the engine stopped by a fault; see the log, then restart"
        log.critical(self._reason, exc_info=task.exception())
        for request in self._requests:
            if not request.answer.done():
                request.answer.set_exception(Full(self._reason))

    async def close(self) -> None:
        """Take nothing more, answer everybody who waits. The fold then stands at the journal's head."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task

    def _refusal(self) -> str:
        if self._closing:
            return "the server is stopping"
        if self._reason:
            return self._reason
        if self.sink.pending_bytes > self._limits.pending_bytes:
            return f"too many rows wait for history ({self.sink.failure or 'it is slow'})"
        if self.fold.entries() > self._limits.window_entries:
            return "the windows of the last hour are full"
        if self._waiting > self._limits.waiting_records:
            return "too many records wait for the journal"
        return self._obstacle()

    async def _submit(self, records: Sequence[Record]) -> list[object]:
        reason = self._refusal()
        if reason:
            raise Full(reason)
        request = _Request(records)
        self._requests.append(request)
        self._waiting += len(records)
        self._wake.set()
        return await request.answer

    async def _run(self) -> None:
        appending = self._append()
        while not (self._closing and appending is None and not self._requests):
            if appending is None:
                await self._wake.wait()
                self._wake.clear()
                appending = self._append()
                continue
            requests, append = appending
            try:
                last = await append
            except JournalFailed as error:
                await self._mend(requests, error)
                appending = self._append()
                continue
            appending = self._append()
            await asyncio.sleep(0)  # let the next append reach its thread before this one is folded
            await self._settle(requests, last)

    def _append(self) -> tuple[list[_Request], asyncio.Task[Position]] | None:
        """Start to append everything that waits; None if nothing does."""
        if not self._requests:
            return None
        requests, self._requests, self._waiting = self._requests, [], 0
        if self._refusals:
            counts = tuple((*key, count) for key, count in self._refusals.items())
            self._refusals.clear()
            requests.insert(0, _Request([Refused(self.now(), counts)]))
        records = [record for request in requests for record in request.records]
        return requests, asyncio.create_task(self._append_all(records))

    async def _append_all(self, records: list[Record]) -> Position:
        began = asyncio.get_running_loop().time()
        last = await self._journal.append(records)
        self.appends += 1
        self.append_seconds += asyncio.get_running_loop().time() - began
        return last

    async def _settle(self, requests: list[_Request], last: Position) -> None:
        """Fold a durable batch and answer its callers."""
        seq = last - sum(len(request.records) for request in requests)
        folded = 0
        for request in requests:
            answers = []
            for record in request.records:
                seq += 1
                answers.append(await self._erase(seq, record) if isinstance(record, Erase) else self.fold.apply(seq, record))
                if isinstance(record, Fact):
                    self._note(record, answers[-1])
            if not request.answer.done():
                request.answer.set_result(answers)
            folded += len(request.records)
            if folded > _BREATH:
                folded = 0
                self._hand_on()
                await asyncio.sleep(0)
        self._hand_on()

    def _note(self, fact: Fact, answer: object) -> None:
        if isinstance(answer, Verdict):
            self.received[(fact.site, fact.door, 0, answer.outcome, answer.reason)] += 1

    def _hand_on(self) -> None:
        """Give rows to the sink and changed sites to the hub; tell faults."""
        fold = self.fold
        self.sink.offer(fold.take_rows(), fold.seq)
        if fold.dirty:
            changed, fold.dirty = fold.dirty, set()
            self.on_change(changed)
        for seq, what in fold.faults:
            log.error("a record could not be digested and was rejected", seq=seq, fault=what)
        fold.faults.clear()

    # --- when things fail ---

    async def _mend(self, requests: list[_Request], error: JournalFailed) -> None:
        """Nobody in `requests` is acknowledged; fold what the journal turns out to hold all the same."""
        log.error("the journal could not append; opening it anew", error=str(error))
        self._reason = f"the journal cannot be written ({error})"
        while True:
            for request in [*requests, *self._requests]:
                if not request.answer.done():
                    request.answer.set_exception(JournalFailed(self._reason))
            requests, self._requests, self._waiting = [], [], 0
            try:
                await self._journal.reopen()
                await self.catch_up()
            except JournalFailed as again:
                if self._closing:
                    return
                log.warning("the journal is still unavailable", error=str(again))
                await asyncio.sleep(_REOPEN_SECONDS)
                continue
            self._reason = ""
            return

    async def catch_up(self) -> None:
        """Fold every durable record after the fold's seq, giving history the rows that it does not have."""
        async for last, records in self._journal.follow(self.fold.seq):
            for seq, record in enumerate(records, last - len(records) + 1):
                if seq <= self.fold.seq:
                    continue  # a batch may begin before; after an erase the fold may stand beyond it
                if isinstance(record, Erase):
                    await self._erase(seq, record)
                else:
                    self.fold.apply(seq, record)
                if seq <= self.sink.position:
                    self.fold.take_rows()
            self._hand_on()
            while self.sink.pending_bytes > self._limits.pending_bytes:
                await self.sink.wait(self.sink.position + 1)

    # --- barriers ---

    async def _erase(self, seq: Position, erase: Erase) -> int:
        """Carry out an erase at `seq`: history has everything before it, changes, and every counter is counted anew.

        A crash anywhere before the checkpoint repeats it harmlessly. Returns how many counted views went.
        """
        removed = 0
        if self.sink.position < seq:
            self.sink.offer(self.fold.take_rows(), seq - 1)
            await self.sink.wait(seq - 1)
            ((removed,),) = await self._history.fetch(matching(erase))  # type: ignore[assignment]  # count(*) is an int
            self.sink.offer(Rows(erase=erase), seq)
            await self.sink.wait(seq)
        fold = await recounted(self._history, self.sink.position)
        fold.now = max(self.fold.now, erase.at, fold.now)
        fold.ids, fold.ledger, fold.faults = self.fold.ids, self.fold.ledger, self.fold.faults
        fold.dirty = {*fold.sites, *self.fold.sites}
        for site, state in self.fold.sites.items():
            fold.site(site).presence, fold.site(site).minutes = state.presence, state.minutes
        fold.site(erase.site).minutes.erase(erase)
        if erase.visitor is not None:
            fold.site(erase.site).presence.forget(erase.visitor)
        elif (erase.path, erase.page_type, erase.first, erase.last) == (None, None, None, None):
            fold.sites.pop(erase.site, None)  # the whole site
        self.fold = fold
        await self.on_barrier(fold.seq)
        return removed


async def sweep(engine: Engine) -> None:
    """One round of the clock: close what is final, a bounded number at a time, and remove stale readers."""
    await engine.command(Sweep(engine.now(), cleanup="*"))
    while engine.fold.sweepable(engine.now()):
        await engine.command(Sweep(engine.now()))
    engine.on_change(set(engine.fold.sites))
