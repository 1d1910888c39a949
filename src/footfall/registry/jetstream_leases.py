"""Who does what only one process of a cluster should do: leases in a key-value bucket, which end by themselves.

A lease is a key that its holder writes again before it ends; whoever finds none may take it. Two may believe for a moment that
they hold the same one (a process that was stopped and goes on), so what is done under a lease must stand being done twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from nats.aio.client import Client
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from footfall.errors import Busy
from footfall.registry.jetstream import tried
from footfall.supervised import cancelled

SECONDS = 10.0  # a lease that is not renewed ends after so long
_CREATE = 30.0
_TRY = 2.0
_FORGET = 5.0  # a look leaves a consumer in the server, which goes after so long: there may be so many only
_HERE = "here-"  # begins the keys that say who is there


async def open_leases(client: Client, holder: str, *, replicas: int, name: str = "footfall") -> Leases:
    """The leases of a cluster, for a holder whose name nobody else has. Raises Busy."""
    js = client.jetstream(timeout=_TRY)

    async def opened() -> KeyValue:
        try:
            return await js.key_value(f"{name}-leases")
        except BucketNotFoundError:
            return await js.create_key_value(bucket=f"{name}-leases", replicas=replicas, ttl=SECONDS)

    return Leases(await tried(opened, _CREATE), holder)


class Leases:
    """Made by `open_leases`."""

    def __init__(self, kept: KeyValue, holder: str) -> None:
        self._kept = kept
        self._holder = holder.encode()
        self._revisions: dict[str, int] = {}
        self._ours: set[str] = set()  # what is done alone here

    async def take(self, what: str) -> bool:
        """Take or renew a lease; whether it is ours from now on, for SECONDS. Raises Busy."""
        held = self._revisions.pop(what, None)
        try:
            if held is None:
                revision = await tried(lambda: self._kept.create(what, self._holder))
            else:
                revision = await tried(lambda: self._kept.update(what, self._holder, held))
        except KeyWrongLastSequenceError:
            return await self._is_ours(what)
        self._revisions[what] = revision
        return True

    async def _is_ours(self, what: str) -> bool:
        """A call whose answer was lost may have been carried out."""
        try:
            entry = await tried(lambda: self._kept.get(what))
        except KeyNotFoundError:
            return False
        if entry.value != self._holder or entry.revision is None:
            return False
        self._revisions[what] = entry.revision
        return True

    async def join(self) -> int:
        """Say that this holder is here, for SECONDS; how many are. Raises Busy."""
        await self.take(_HERE + self._holder.decode())
        keys = await tried(self._keys)
        return max(1, sum(key.startswith(_HERE) for key in keys))  # this one is, though its own word may have ended meanwhile

    async def _keys(self) -> list[str]:
        found = []
        watcher = await self._kept.watch(">", ignore_deletes=True, meta_only=True, inactive_threshold=_FORGET)
        try:
            while (entry := await watcher.updates(timeout=_TRY)) is not None:  # type: ignore[no-untyped-call]  # nor is stop()
                found.append(entry.key)
        finally:
            await watcher.stop()  # type: ignore[no-untyped-call]
        return found

    async def leave(self) -> None:
        """Say that it is not here any more. Raises Busy."""
        await self.give_back(_HERE + self._holder.decode())

    @asynccontextmanager
    async def alone(self, what: str) -> AsyncIterator[bool]:
        """Whether nobody else does it, no other task of ours either; then nobody begins until it is left. Raises Busy."""
        if what in self._ours:
            yield False
            return
        self._ours.add(what)
        try:
            if await self.take(what):
                async with self._renewed(what):
                    yield True
            else:
                yield False
        finally:
            self._ours.remove(what)

    @asynccontextmanager
    async def _renewed(self, what: str) -> AsyncIterator[None]:
        renewing = asyncio.create_task(self._renew(what), name=f"lease {what}")
        try:
            yield
        finally:
            await cancelled(renewing)
            with suppress(Busy):  # then it ends by itself
                await self.give_back(what)

    async def _renew(self, what: str) -> None:
        while True:
            await asyncio.sleep(SECONDS / 3)
            with suppress(Busy):
                await self.take(what)

    async def give_back(self, what: str) -> None:
        """So that nobody has to wait for its end. Raises Busy."""
        held = self._revisions.pop(what, None)
        if held is not None:
            try:
                await tried(lambda: self._kept.delete(what, held))
            except KeyWrongLastSequenceError:
                return  # somebody else's by now
