"""Waiting for what nothing tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(is_so: Callable[[], bool], within: float = 20.0) -> None:
    """Return when it is so. Raises TimeoutError when it is not after so many seconds."""
    async with asyncio.timeout(within):
        while not is_so():  # noqa: ASYNC110  # as said
            await asyncio.sleep(0.01)
