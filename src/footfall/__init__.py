"""Real-time, privacy-friendly statistics for websites.

What is listed here is the public surface of the package; everything else may change with any version.
"""

from footfall.api import ChunkReport, Footfall, ImportedView
from footfall.errors import (
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
)
from footfall.live.ranking import PageStat
from footfall.live.stats import Location, PathCount, Stats

__all__ = [
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
]
