"""Hearing that the process is told to stop, before the server's lifespan says so.

Servers wait for open requests before they tell an application to shut down, and a stream of events is a request that does not
end by itself: without this, granian waits for ever and uvicorn cuts streams off. The handler that the server installed still
runs: ours comes first and passes the signal on, which works beside `loop.add_signal_handler` too, because that listens to a
wake-up descriptor and leaves the Python handler to whoever set it last.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_to_stop(callback: Callable[[], None]) -> Iterator[None]:
    """Within it, `callback` runs in the loop when SIGTERM or SIGINT arrives. Elsewhere than in the main thread: nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    previous = {number: before for number in SIGNALS if callable(before := signal.getsignal(number))}  # SIG_DFL stays what it is

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)
        previous[signal.Signals(number)](number, frame)

    for number in previous:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, before in previous.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, before)
