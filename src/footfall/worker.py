"""A thread of its own that does one thing after another for the loop, so that the loop never waits for a disk.

Not concurrent.futures: on the hot path its locks and its second kind of future cost more than what an append does otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")
Job = tuple[asyncio.Future[Any], Callable[[], Any]]


class Worker:
    """What `do` is given is done in the order of the calls. The thread begins with the first and ends with `close`."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name=name, daemon=True)

    def do(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Its result, or what it raised. It is done also when nobody waits for it any more."""
        if self._thread.ident is None:
            self._thread.start()
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((done, work))
        return done

    def close(self) -> None:
        """Do what was asked before, then end."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            done, work = job
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:  # noqa: BLE001  # whatever it is, who waits gets it
                error = raised
            try:
                done.get_loop().call_soon_threadsafe(_tell, done, result, error)
            except RuntimeError:  # the loop was closed: nobody waits
                continue


def _tell(done: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
