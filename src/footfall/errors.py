"""Every error that Footfall raises on purpose, by whose fault it is.

FootfallError
├── InvalidInput        the caller sent something malformed; names the field and what was expected      HTTP 400
│   └── Unanswerable    a question whose parts do not go together; the message says which
├── NotFound            no such site, document or page (also: one that the caller may not see)          HTTP 404
├── Busy                a cap is reached or a store is unavailable; nothing was taken; try later        HTTP 503
│   ├── Full            a queue or window is at its cap, or the disk is nearly full
│   └── JournalFailed   the journal could not make the records durable: none of them was acknowledged
├── ArchiveRefused      a backup or an export is not whole, or there is no place for it; `repair` as below
├── HistoryFailed       history could not be written or read; accepting goes on, questions wait
│   └── TooExpensive    a question went over its limit of time, memory or rows
└── StoreRefused        the data folder cannot be opened safely; `repair` says what a person can do
    ├── FolderInUse     another process owns it
    ├── NewerVersion    it was written by a newer Footfall
    ├── StoreMismatch   journal and history do not belong together, or one is behind where it must not be
    └── ClockBehind     the clock is more than five minutes behind the last record
"""

from __future__ import annotations


class FootfallError(Exception):
    """The root of the tree above."""


class InvalidInput(FootfallError):
    """`field` is the offending field as the caller named it, `expected` a short phrase: "a string"."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field
        self.expected = expected


class Unanswerable(InvalidInput):
    """The message is a whole sentence."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.args = (message,)


class NotFound(FootfallError):
    """Nothing by that name, or nothing that the caller may see."""


class Busy(FootfallError):
    """Nothing was taken. `retry_after` is a hint in whole seconds."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Full(Busy):
    """A queue or window is at its cap, or the disk is nearly full."""


class JournalFailed(Busy):
    """The append failed; what the journal really holds is known only after it was opened again."""


class HistoryFailed(FootfallError):
    """History could not be written or read."""


class TooExpensive(HistoryFailed):
    """A question went over its limit of time, memory or rows."""


class StoreRefused(FootfallError):
    """The data folder cannot be opened safely. `repair` says what a person can do about it."""

    def __init__(self, message: str, repair: str) -> None:
        super().__init__(f"{message}\n  repair: {repair}")
        self.repair = repair


class ArchiveRefused(FootfallError):
    """A backup or an export cannot be taken, or not put there. `repair` says what a person can do about it."""

    def __init__(self, message: str, repair: str) -> None:
        super().__init__(f"{message}\n  repair: {repair}")
        self.repair = repair


class FolderInUse(StoreRefused):
    """Another process owns the data folder."""


class NewerVersion(StoreRefused):
    """The data folder was written by a newer Footfall."""


class StoreMismatch(StoreRefused):
    """Journal and history do not belong together, or one is behind where it must not be."""


class ClockBehind(StoreRefused):
    """The machine's clock is more than five minutes behind the last record."""
