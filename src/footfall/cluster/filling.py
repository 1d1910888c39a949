"""What `footfall sink` does: fills history from those partitions whose lease it gets, until it is stopped.

Several such processes may run and share the partitions: each takes its part, gives back what is more when another one comes, and
takes what nobody renews. It names no backend.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

from footfall.cluster.filler import Filler
from footfall.errors import Busy, FootfallError, JournalFailed, StoreRefused
from footfall.journal.base import Behind, Partition
from footfall.supervised import cancelled, supervised

_RENEW_SECONDS = 3.0
_LOOK_SECONDS = 3.0
_OPEN_SECONDS = 1.0  # of a round: what takes longer to open is looked at in the next one
_FINISH_SECONDS = 8.0
_TELL_SECONDS = 60.0

log = structlog.get_logger(__name__)


class Leases(Protocol):
    """Who may do what: see registry/jetstream_leases.py."""

    async def join(self) -> int: ...
    async def leave(self) -> None: ...
    async def take(self, what: str) -> bool: ...
    async def give_back(self, what: str) -> None: ...


class Filling:
    """Made by the wiring. `behind` says of each partition in `fillers` what history lacks."""

    def __init__(
        self,
        partitions: Sequence[Partition],
        leases: Leases,
        opener: Callable[[Partition], Coroutine[None, None, Filler]],
        obstacle: Callable[[], str] = lambda: "",
    ) -> None:
        self.partitions = partitions
        self.fillers: dict[int, tuple[Filler, asyncio.Task[None]]] = {}
        self.behind: dict[int, Behind] = {}
        self._leases = leases
        self._open = opener
        self._obstacle = obstacle  # says why the journal cannot be read, "" if nothing stands in the way
        self._opening: dict[int, asyncio.Task[Filler]] = {}  # by partition; their leases are ours
        self._patience = 0.0  # until when this round waits for those
        self._most = 0  # partitions that are ours
        self._task: asyncio.Task[None] | None = None
        self._troubles: list[str] = []  # of the round that goes on
        self._told = ["starting"]  # of the last one

    def start(self) -> asyncio.Task[None]:
        """Fill until `close`; needs a running loop. The task ends before only by what it raises: StoreRefused when a partition
        and history do not fit together."""
        self._task = asyncio.create_task(self._run(), name="filling")
        return self._task

    async def _run(self) -> None:
        looking = supervised(asyncio.create_task(self._look(), name="look at the journal"))
        try:
            await self._rounds()
        finally:
            await cancelled(looking)

    @property
    def failure(self) -> str:
        """Why history is not filled as it should be, "" if it is."""
        failing = (f"history cannot be written: {f.sink.failure}" for f, _ in self.fillers.values() if f.sink.failure)
        return self._obstacle() or next(failing, next(iter(self._told), ""))

    async def _rounds(self) -> None:
        told = 0.0
        while True:
            self._troubles = []
            await self._share()
            self._patience = asyncio.get_running_loop().time() + _OPEN_SECONDS
            for partition in self.partitions:
                await self._tend(partition)
            self._told = self._troubles
            if asyncio.get_running_loop().time() > told:
                told = asyncio.get_running_loop().time() + _TELL_SECONDS
                self._tell()
            await asyncio.sleep(_RENEW_SECONDS)

    async def close(self) -> None:
        """Carry what was folded, leave checkpoints, give the leases back."""
        if self._task is not None:
            await cancelled(self._task)
        await cancelled(*self._opening.values(), *(task for _, task in self.fillers.values()))
        try:
            async with asyncio.timeout(_FINISH_SECONDS):
                await asyncio.gather(*(filler.finish() for filler, _ in self.fillers.values()))
        except (TimeoutError, FootfallError) as error:
            log.warning("stopping without checkpoints; the next start takes longer", error=str(error) or "history is slow")
        for filler, _ in self.fillers.values():
            await filler.close()
        for number in (*self._opening, *self.fillers):
            with suppress(Busy):  # then it ends by itself
                await self._leases.give_back(str(number))
        with suppress(Busy):
            await self._leases.leave()

    async def _share(self) -> None:
        """Know how many partitions are ours to fill; give one back if we have more."""
        try:
            self._most = math.ceil(len(self.partitions) / await self._leases.join())
        except Busy as error:
            self._failed("it is not known who else fills history", error)
        if len(self.fillers) > self._most:
            await self._pass_on(max(self.fillers))

    async def _pass_on(self, number: int) -> None:
        """Let another one go on with a partition, from a checkpoint of this moment."""
        filler, task = self.fillers.pop(number)
        await cancelled(task)
        try:
            async with asyncio.timeout(_FINISH_SECONDS):
                await filler.finish()
        except (TimeoutError, FootfallError) as error:
            log.warning("a partition is passed on without a checkpoint", partition=number, error=str(error) or "history is slow")
        await filler.close()
        with suppress(Busy):
            await self._leases.give_back(str(number))
        log.info("passed on", partition=number)

    async def _tend(self, partition: Partition) -> None:
        """Begin, go on or leave off, as the lease says."""
        number = partition.number
        held = self.fillers.keys() | self._opening.keys()
        if number not in held and len(held) >= self._most:
            return
        try:
            ours = await self._leases.take(str(number))
        except Busy as error:
            self._failed("a lease could not be renewed", error, partition=number)
            ours = False
        if not ours:
            await self._leave(number)
        elif number not in self.fillers:
            await self._begin(partition)
        else:
            self._check(number)

    async def _begin(self, partition: Partition) -> None:
        """Opening one may take minutes; leases are renewed meanwhile."""
        number = partition.number
        if number not in self._opening:
            self._opening[number] = asyncio.create_task(self._open(partition), name=f"opening {number}")
        await asyncio.wait([self._opening[number]], timeout=max(0.0, self._patience - asyncio.get_running_loop().time()))
        if not self._opening[number].done():
            self._troubles.append(f"partition {number} is being opened")
            return
        try:
            filler = self._opening.pop(number).result()
        except StoreRefused:
            raise
        except FootfallError as error:
            self._failed("a partition cannot be filled now", error, partition=number)
            return
        self.fillers[number] = filler, asyncio.create_task(filler.run(), name=f"filler {number}")
        log.info("filling history", partition=number)

    def _failed(self, what: str, error: FootfallError, **where: int) -> None:
        """Told once, however many partitions have it and for however long."""
        trouble = f"{what}: {error}"
        if trouble not in (*self._told, *self._troubles):
            log.warning(what, error=str(error), **where)
        self._troubles.append(trouble)

    def _check(self, number: int) -> None:
        """Raise what its task ended with."""
        _, task = self.fillers[number]
        if task.done():
            task.result()

    async def _leave(self, number: int) -> None:
        if number in self._opening:
            await cancelled(self._opening.pop(number))
        if number not in self.fillers:
            return
        filler, task = self.fillers.pop(number)
        log.warning("somebody else fills a partition now", partition=number)
        await cancelled(task)
        await filler.close()

    async def _look(self) -> None:
        """Know how far history is behind, for ever; what cannot be looked at now is as it was."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._obstacle()  # it counts from when somebody looked
            for partition in self.partitions:
                if (held := self.fillers.get(partition.number)) is None:
                    self.behind.pop(partition.number, None)
                    continue
                with suppress(JournalFailed):  # the rounds have it
                    self.behind[partition.number] = await partition.behind(held[0].sink.position)

    def _tell(self) -> None:
        for number, (filler, _) in sorted(self.fillers.items()):
            failure = {"failure": filler.sink.failure} if filler.sink.failure else {}
            log.info("history", partition=number, pending_bytes=filler.sink.pending_bytes, **failure)
