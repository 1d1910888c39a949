"""Background tasks that cannot die in silence. It knows nothing of what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

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
