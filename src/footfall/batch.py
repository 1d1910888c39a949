"""What is appended together: the requests of those who wait at the same time, as one list of records.

It knows no journal and no fold: the engine makes batches, has them appended, and answers their requests.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from footfall.live.fold import Refusal
from footfall.model import Adopt, Erase, Import, Record, Refused


class Request:
    """Records of one caller, appended together, answered together."""

    __slots__ = ("answer", "records")

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        self.answer: asyncio.Future[list[object]] = asyncio.get_running_loop().create_future()

    @property
    def is_erase(self) -> bool:
        return len(self.records) == 1 and isinstance(self.records[0], Erase)

    @property
    def weight(self) -> int:
        """How many facts it has."""
        first = self.records[0] if self.records else None
        return len(first.facts) if isinstance(first, (Import, Adopt)) else len(self.records)  # commands come alone

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Batch:
    """What is appended as one transaction: counts of what intake refused, then the records of these requests."""

    __slots__ = ("records", "refused", "requests")

    def __init__(self, requests: list[Request], refused: Counter[Refusal], now: int) -> None:
        self.requests = requests
        self.refused = refused
        self.records = [record for request in requests for record in request.records]
        if refused:
            self.records.insert(0, Refused(now, tuple((*key, count) for key, count in refused.items())))
