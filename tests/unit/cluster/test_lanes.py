"""A lane answers whoever asks it to append, also when it was closed a moment ago."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from footfall.cluster.lanes import Lane
from footfall.errors import Full
from footfall.journal.base import Partition
from footfall.model import Record, Sweep


class Journal:
    """That takes everything."""

    number = 0

    async def append(self, records: Sequence[Record]) -> int:
        return len(records)


async def test_nobody_waits_for_a_lane_that_was_closed() -> None:
    """What was asked before is appended, what comes later is refused at once."""
    lane = Lane(cast(Partition, Journal()))
    lane.start()
    before = lane.submit([Sweep(1)])
    await lane.close()
    assert await before == 1
    with pytest.raises(Full, match="stopping"):
        lane.submit([Sweep(2)])
