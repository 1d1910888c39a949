"""Time of a process: the wall clock read once, then the monotonic clock, so that it never jumps and never goes back."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]


def process_clock() -> Clock:
    """A clock that starts now; milliseconds since 1970 UTC."""
    offset = time.time_ns() - time.monotonic_ns()
    return lambda: (offset + time.monotonic_ns()) // 1_000_000
