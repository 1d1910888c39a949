"""The state of a node follows changes of rows that whoever fills history carried out. It names no backend.

When history is behind a change, and where this node is, the site is counted anew from rows up to there, while nothing is folded.
Until then the node folds on, and writes no checkpoint: a start before finds the change in the journal and follows it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from footfall.cluster.filler import CHANGED
from footfall.cluster.keeper import NodeKeeper
from footfall.cluster.node import Copies, Node
from footfall.cluster.watermark import Watermark
from footfall.errors import Busy, HistoryFailed, StoreRefused
from footfall.history.base import History
from footfall.model import Erase
from footfall.recount.barriers import Barrier, follow_rows
from footfall.registry.base import Registry

_LOOK = 0.1  # seconds between two looks whether all copies of a change are here
_AGAIN = 2.0
_PATIENCE = 5.0  # so long folding stands still for history to come to where it is: less than what waits to be folded has

log = structlog.get_logger(__name__)


class Following:
    """Made by the wiring, for a node with a history."""

    def __init__(self, node: Node, history: History, watermark: Watermark, filled: Registry, keeper: NodeKeeper) -> None:
        self._node = node
        self._history = history
        self._watermark = watermark
        self._filled = filled  # where results are
        self._keeper = keeper
        self._unanswered: dict[Barrier, Copies] = {}  # followed, and asked for here

    async def run(self) -> None:
        """Follow changes, for ever."""
        while True:
            await self._node.changing.wait()
            if self._node.due():
                await self._try()
            await asyncio.sleep(_LOOK)

    async def _try(self) -> None:
        try:
            followed = await self._follow()
        except (Busy, HistoryFailed, StoreRefused) as error:  # refused: its tables may be put right
            log.warning("a change of rows waits for history", error=str(error))
            await asyncio.sleep(_AGAIN)
            return
        self._keeper.forget(self._node.fold.seq)
        for change, copies in followed.items():
            if len(copies) < len(self._node.at):
                log.warning("a change of rows was not told to every partition; ask for it again", site=change.site)
        self._unanswered |= followed
        self._unanswered = {change: copies for change, copies in self._unanswered.items() if self._node.is_asked(change)}
        if self._unanswered:
            try:
                await self._answer()
            except Busy as error:
                log.warning("a change of rows is done, and cannot be answered", error=str(error))

    async def _follow(self) -> dict[Barrier, Copies]:
        """Bring the state behind the changes of a site that are due; which these were. Raises Busy, HistoryFailed."""
        node = self._node
        await self._watermark.reach(node.fold.seq)  # what it lags now it has to make good while nothing is folded
        async with node.turn:
            if not await self._watermark.wait(node.fold.seq, within=_PATIENCE):
                raise HistoryFailed(self._watermark.failure or "history is behind")
            first, *others = node.due()
            due = {change: node.changes[change] for change in (first, *others) if change.site == first.site}
            await self._count(first.site, list(due))
            node.followed(due)
        return due

    async def _count(self, site: str, changes: Sequence[Barrier]) -> None:
        fold = self._node.fold
        await follow_rows(fold, self._history, fold.seq, changes, self._node.at)
        state, last = fold.site(site), changes[-1]
        if isinstance(last, Erase) and last.whole and not (state.views or state.visits.open):
            del fold.sites[site]

    async def _answer(self) -> None:
        """When no checkpoint is left that holds what was erased: with the sum of what was told of the copies. While another
        change waits no new one can be written; then when that is followed. Raises Busy."""
        await self._keeper.take()
        while self._unanswered and not self._keeper.is_stale:
            change, copies = self._unanswered.popitem()
            results = 0
            for id in map(str, copies.values()):
                results += msgspec.json.decode(await self._filled.get(CHANGED, id) or b"0", type=int)
                await self._filled.delete(CHANGED, id)
            self._node.answer(change, results)
