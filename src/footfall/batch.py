"""What is appended together: the requests of those who wait at the same time, as one list of records; what intake refused in
them stands in front, counted.

It knows no journal and no fold: the engine makes batches, has them appended, and answers their requests.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from footfall.live.fold import Refusal
from footfall.model import Adopt, Erase, Import, Reclassify, Record, Refused


class Request:
    """Records of one caller, appended together, answered together, with what intake refused of the same request."""

    __slots__ = ("answer", "records", "refused")

    def __init__(self, records: Sequence[Record], refused: Sequence[Refusal] = ()) -> None:
        self.records = records
        self.refused = refused
        self.answer: asyncio.Future[list[object]] = asyncio.get_running_loop().create_future()

    @property
    def is_barrier(self) -> bool:
        return len(self.records) == 1 and isinstance(self.records[0], Erase | Reclassify)

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

    __slots__ = ("first", "records", "requests")

    def __init__(self, requests: list[Request], now: int) -> None:
        self.requests = requests
        self.records = [record for request in requests for record in request.records]
        refused = Counter(refusal for request in requests for refusal in request.refused)
        if refused:
            self.records.insert(0, Refused(now, tuple((*key, count) for key, count in refused.items())))
        self.first = int(bool(refused))  # where the requests' own records begin
