"""Background tasks that cannot die in silence. It knows nothing of what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

_AGAIN = 0.5  # seconds

log = structlog.get_logger(__name__)


def _only_told(what: str) -> None:
    """Nobody waits for it: the log has it."""


def supervised(task: asyncio.Task[None], on_fault: Callable[[str], None] = _only_told) -> asyncio.Task[None]:
    """The same task: if it ends by a fault, the log says so, critically, and `on_fault` is called with one sentence.

    For tasks that run until they are cancelled.
    """

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            what = f"the {task.get_name()} stopped by a fault; see the log, then restart"
            log.critical(what, exc_info=fault)
            on_fault(what)

    task.add_done_callback(ended)
    return task


async def cancelled(*tasks: asyncio.Task[Any]) -> None:
    """End tasks, and wait until they have ended.

    A task may have to be told more than once: in Python 3.11 `wait_for` loses a cancellation that meets the end of what it waits
    for (python/cpython#86296), and clients of other systems use it.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)  # what they ended with is known to whoever supervised them
