"""The folder where a backup or an export is made, until whoever asked for it takes it away: one at a time, and never so large
that collecting stops for it. It does not know what is in it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from footfall.errors import Busy, Full

T = TypeVar("T")

_LOOK_SECONDS = 0.2
_APART = 32 << 20  # it ends so far above the floor at which facts are refused


class Handover:
    """`floor`: so many bytes have to stay free on the disk."""

    def __init__(self, path: Path, floor: int) -> None:
        self._path = path
        self._floor = floor + _APART if floor else 0
        self._making = asyncio.Lock()
        self._work: asyncio.Future[object] | None = None
        for left in path.parent.glob(f"{path.name}.*"):
            shutil.rmtree(left, ignore_errors=True)  # whoever took it away was killed
        self._clear()

    def _clear(self) -> None:
        """Remove what nobody took away."""
        shutil.rmtree(self._path, ignore_errors=True)

    async def made(self, work: Callable[[Path], Awaitable[T]], need: int = 0) -> T:
        """Run what fills the folder, which is empty before and, if it fails, after. `need` is about how many bytes it will write.

        Raises Busy while another one is made, Full where the disk has no room for it.
        """
        if self._making.locked():
            raise Busy("another backup or export is being made", 10)
        async with self._making:
            await asyncio.to_thread(self._clear)
            self._check(need)
            self._path.mkdir(mode=0o700)
            working = asyncio.ensure_future(work(self._path))
            self._work = working  # type: ignore[assignment]  # only to be cancelled
            try:
                while not working.done():
                    await asyncio.wait([working], timeout=_LOOK_SECONDS)
                    self._check(0)
                return working.result()
            except BaseException:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
                await asyncio.to_thread(self._clear)
                raise

    def _check(self, need: int) -> None:
        free = shutil.disk_usage(self._path.parent).free
        if free - need < self._floor:
            raise Full(f"the disk has no room for it: {free >> 20} MiB are free, {need + self._floor >> 20} MiB have to be", 60)

    async def close(self) -> None:
        """Stop what is being made."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
