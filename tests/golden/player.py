"""Plays the operations of a trace on a real engine, one at a time.

It knows the operations' names and what they ask of `Footfall`; it does not know which answer is right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from footfall.api import Footfall, ImportedView
from footfall.clock import Clock
from footfall.errors import InvalidInput
from footfall.intake.original import check_arguments
from tests.golden.traces import Answer, Operation, number

_KINDS = {"posts": "post", "pages": "page"}
_ERASABLE = {"path": "path", "sessionId": "session_id", "pageType": "page_type", "timestamp": "timestamp"}


_CHUNK = 2_000  # rows of an import: what one message of a cluster's journal holds

RESTART, CLOSE = "restart", "close"  # requests besides operations

Opening = Callable[[Clock], Awaitable[Footfall]]  # opens (or makes) a store


class Unsupported(Exception):
    """An operation that Footfall has no way to do; says why."""


class Player:
    """Owns an open store; time stands where the last operation put it."""

    def __init__(self, opening: Opening, now: int) -> None:
        self._opening = opening
        self.now = now
        self._footfall: Footfall

    async def open(self) -> None:
        """Open (or make) the store."""
        self._footfall = await self._opening(lambda: self.now)

    async def answer(self, request: Any) -> object:
        """An operation, RESTART or CLOSE."""
        if request == RESTART:
            await self.reopen()
            return None
        return await (self.close() if request == CLOSE else self.play(request))

    async def reopen(self) -> None:
        """Close everything, then open it again from disk."""
        await self._footfall.close()
        await self.open()

    async def close(self) -> list[str]:
        """Recount every total, then close; where the totals differ from the rows, [] as it should be."""
        found = await self._footfall.verify()
        await self._footfall.close()
        return found

    async def play(self, operation: Operation) -> Answer:
        """Do what the operation says; its answer as it would stand in a trace, or `{"unsupported": why}`."""
        self.now = operation["at_ms"]
        arguments = operation.get("args", {})
        try:
            match operation["op"]:
                case "recordPageView" | "heartbeat" | "getStats" | "cleanupStaleSessions" as function:
                    arguments = {name: number(value) for name, value in arguments.items()}
                    return {"result": await self._footfall.call(function, arguments)}
                case "backfillAggregates":
                    check_arguments("backfillAggregates", arguments)
                    message, chunks = await self._footfall.backfill_aggregates()
                    return {"result": {"message": message}, "chunks": msgspec.to_builtins(chunks)}
                case "backfillStart":
                    return {"result": {"message": await self._footfall.backfill_start()}}
                case "backfillStep":
                    return {"result": msgspec.to_builtins(await self._footfall.backfill_step())}
                case _:
                    return {"result": await self._prepare(operation)}
        except InvalidInput as error:
            return {"error": "argument_validation", "error_detail": str(error)}
        except Unsupported as error:
            return {"unsupported": str(error)}

    async def _prepare(self, operation: Operation) -> object:
        """Operations that prepare the store."""
        match operation["op"]:
            case "publish":
                titled = operation["kind"], operation["slug"], operation["title"], operation["published"]
                await self._footfall.publish(*titled)
                return None
            case "insertRaw":
                await self._insert(operation["table"], [operation["doc"]])
                return None
            case "insertRawMany":
                rows = [dict(zip(operation["columns"], row, strict=True)) for row in operation["rows"]]
                await self._insert(operation["table"], rows)
                return None
            case "deleteRaw":
                return await self._delete(operation["table"], operation["match"])
        raise Unsupported(f"no operation {operation['op']!r}")

    async def _insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if table == "pageViews":
            views = [ImportedView(row["path"], row["pageType"], row["sessionId"], row["timestamp"]) for row in rows]
            for first in range(0, len(views), _CHUNK):
                await self._footfall.import_views(views[first : first + _CHUNK])
        elif table in _KINDS:
            for row in rows:
                await self._footfall.publish(_KINDS[table], row["slug"], row["title"], row["published"])
        else:
            raise Unsupported(f"rows of {table} come from heartbeats alone")

    async def _delete(self, table: str, match: Mapping[str, Any]) -> int:
        if table != "pageViews" or not match.keys() <= _ERASABLE.keys():
            raise Unsupported(f"rows of {table} cannot be removed by {', '.join(match)}")
        wanted = {_ERASABLE[name]: value for name, value in match.items()}
        if not match:
            wanted["first"] = 0  # views at any time; an erase without a condition takes presence and content as well
        if "timestamp" in wanted:
            wanted["first"] = wanted["last"] = wanted.pop("timestamp")
        return await self._footfall.erase(**wanted)
