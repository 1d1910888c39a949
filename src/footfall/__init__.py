"""Real-time, privacy-friendly statistics for websites.

What is listed here is the public surface of the package; everything else may change with any version. What needs the databases
is loaded when it is first asked for: they take a third of a second, which no `footfall --help` should wait for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from footfall.errors import (
    ArchiveRefused,
    Busy,
    ClockBehind,
    FolderInUse,
    FootfallError,
    Full,
    HistoryFailed,
    InvalidInput,
    JournalFailed,
    NewerVersion,
    NotFound,
    StoreMismatch,
    StoreRefused,
    TooExpensive,
    Unanswerable,
)

if TYPE_CHECKING:
    from footfall.api import Footfall, ImportedView
    from footfall.backfill import ChunkReport
    from footfall.live.ranking import PageStat
    from footfall.live.stats import Location, PathCount, Stats
else:
    _LATER = {"ChunkReport": "backfill", "Footfall": "api", "ImportedView": "api", "PageStat": "live.ranking"} | dict.fromkeys(
        ("Location", "PathCount", "Stats"), "live.stats"
    )

    def __getattr__(name: str) -> object:
        if name not in _LATER:
            raise AttributeError(f"module 'footfall' has no attribute {name!r}")
        return getattr(import_module(f"footfall.{_LATER[name]}"), name)


__all__ = [
    "ArchiveRefused",
    "Busy",
    "ChunkReport",
    "ClockBehind",
    "FolderInUse",
    "Footfall",
    "FootfallError",
    "Full",
    "HistoryFailed",
    "ImportedView",
    "InvalidInput",
    "JournalFailed",
    "Location",
    "NewerVersion",
    "NotFound",
    "PageStat",
    "PathCount",
    "Stats",
    "StoreMismatch",
    "StoreRefused",
    "TooExpensive",
    "Unanswerable",
]
