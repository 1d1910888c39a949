"""Waiting for something to come true, with the server's own words when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .load import Load
from .process import Server


async def until(happened: Callable[[], bool], server: Server, what: str, seconds: float = 20.0) -> None:
    """Wait for it."""
    for _ in range(int(seconds * 20)):
        if happened():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds:g} s:\n{server.log}")


def refusals(load: Load) -> Callable[[], bool]:
    """A hundred more answers of 503."""
    before = load.statuses[503]
    return lambda: load.statuses[503] > before + 100


def more(load: Load, facts: int = 500) -> Callable[[], bool]:
    """So many more facts acknowledged."""
    before = load.acknowledged
    return lambda: load.acknowledged > before + facts
