"""Background tasks: how they end."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from footfall.supervised import cancelled


async def test_a_cancellation_that_was_lost_is_told_again() -> None:
    """As happens in Python 3.11 inside of other people's `wait_for`."""

    async def loses_one() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def ends() -> None:
        return

    tasks = [asyncio.create_task(run()) for run in (loses_one, ends)]
    await asyncio.sleep(0)
    await cancelled(*tasks)
    assert [task.cancelled() for task in tasks] == [True, False]
    await cancelled(*tasks)  # they have ended already
    await cancelled()
