"""What became of facts in this process, for /metrics. The fold counts, once, in its ledger; this adds up what left that as rows.

It knows neither engine nor journal; hours of the lines it gives are 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from footfall.live.fold import Fold, Line
from footfall.model import Rows


class Tally:
    """Over one fold, from `begin` on."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._left: Counter[Line] = Counter()  # the ledger, less what was in it at the beginning

    def begin(self) -> None:
        """What is in the ledger now was counted by an earlier process."""
        self._left.subtract(_of_all_hours(self._fold.ledger))

    def take_rows(self) -> Rows:
        """The fold's."""
        rows = self._fold.take_rows()
        for row in rows.ledger:
            self._left[row.site, row.door, 0, row.outcome, row.reason] += row.count
        return rows

    def total(self) -> Counter[Line]:
        """All that the ledger got."""
        total = Counter(self._left)
        total.update(_of_all_hours(self._fold.ledger))
        return total


def _of_all_hours(ledger: Mapping[Line, int]) -> Counter[Line]:
    total: Counter[Line] = Counter()
    for (site, door, _, outcome, reason), count in ledger.items():
        total[site, door, 0, outcome, reason] += count
    return total
