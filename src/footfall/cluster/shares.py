"""What of a state is about the visitors of one partition. It computes, and knows no journal.

Visitors are told apart by their numbers, sites by their names, as routes.py has it. Windows, paths and what was seen where stay
whole in each share: nobody can tell whose a key of theirs is, and one too many is never met. Ids of facts get the names that they
have in a share, so that what is sent again is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np

from footfall.cluster import routes
from footfall.intake.identity import SHARE
from footfall.live import checkpoint
from footfall.live.fold import Fold
from footfall.live.runs import Runs

T = TypeVar("T")

_MASK = (1 << 64) - 1
_NOBODY = np.zeros(0, dtype=np.uint64)


def share_of(fold: Fold, number: int, partitions: int) -> Fold:
    """The state from which the fold of a partition goes on, to be encoded as a checkpoint; `fold` stays as it is."""

    def ours(entries: Mapping[int, T]) -> dict[int, T]:
        return {who: entry for who, entry in entries.items() if routes.of_visitor(who, partitions) == number}

    share = with_ids(fold, [number])
    share.closing = sorted(entry for entry in share.closing if routes.of_visitor(entry[2], partitions) == number)  # a heap
    share.ledger = {line: count for line, count in share.ledger.items() if routes.of_site(line[0], partitions) == number}
    for state in share.sites.values():
        keys = [np.frombuffer(keys, dtype=np.uint64) for keys, _ in state.visitors.parts()]
        state.visitors = Runs.of(np.concatenate([part[part % np.uint64(partitions) == number] for part in keys] or [_NOBODY]))
        state.presence.readers = ours(state.presence.readers)
        state.visits.open = ours(state.visits.open)
        state.minutes.moments = {minute: ours(moments) for minute, moments in state.minutes.moments.items()}
    return share


def with_ids(fold: Fold, shares: Iterable[int]) -> Fold:
    """A copy of the state that knows each id by its names in these shares."""
    copy = checkpoint.capture(fold)
    runs = [[np.frombuffer(part, dtype=np.uint64) for part in run] for run in fold.ids.parts()]
    named = [(keys ^ np.uint64(number * SHARE & _MASK), times) for keys, times in runs for number in shares]
    if named:
        copy.ids = Runs.of(*(np.concatenate(column) for column in zip(*named, strict=True)))
    return copy
