"""How a history is opened, whichever it is: looked at once, or closed again and refused with its repair."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from footfall.errors import HistoryFailed, StoreRefused
from footfall.history.base import History

H = TypeVar("H", bound=History)


async def opened(history: H, look: Callable[[], Awaitable[object]], repair: str) -> H:
    """The history, once `look` has seen that it is there. Raises what that raises, StoreRefused instead of HistoryFailed."""
    try:
        await look()
    except BaseException as error:
        await history.close()
        if isinstance(error, HistoryFailed):
            raise StoreRefused(str(error), repair) from error
        raise
    return history
