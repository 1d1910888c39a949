"""Time of a process: the wall clock read once, then a clock that never jumps and never goes back.

That clock goes on while the machine sleeps, where there is one that does (Linux): people who were here before are not after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]


def process_clock() -> Clock:
    """A clock that starts now; milliseconds since 1970 UTC."""
    steady = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    offset = time.time_ns() - time.clock_gettime_ns(steady)
    return lambda: (offset + time.clock_gettime_ns(steady)) // 1_000_000
