"""What keeps a store whole while it is carried elsewhere: nothing is trimmed from its journal that was not carried, and no row
that exists is changed, neither there nor where it goes. A document of both registries, which another process writes, and which
ends by itself.
"""

from __future__ import annotations

import msgspec

from footfall.journal.base import Position
from footfall.registry.base import Registry
from footfall.rules import HOUR

KIND = "migration"  # of the document; what has this kind is of no use elsewhere
_ID = "hold"
_LASTS = 24 * HOUR  # after the last word of who carries: an end that nobody forgets


class Hold(msgspec.Struct, frozen=True):
    """Records up to `carried` are not needed any more; it ends at `until`."""

    carried: Position
    until: int


async def held(registry: Registry, now: int) -> Hold | None:
    """The hold on a store, if there is one. Raises Busy."""
    document = await registry.get(KIND, _ID)
    found = None if document is None else msgspec.json.decode(document, type=Hold)
    return found if found is not None and found.until > now else None


async def refusal(registry: Registry, now: int) -> str:
    """Why no row may be changed now, "" if they may. Raises Busy."""
    if await held(registry, now) is None:
        return ""
    return "the store is being carried into a cluster; rows can be changed when all of it is there"


async def keep(registry: Registry, carried: Position, now: int) -> None:
    """Hold it, for a day from now. Raises Busy."""
    await registry.put(KIND, _ID, msgspec.json.encode(Hold(carried, now + _LASTS)))


async def release(registry: Registry) -> None:
    """Let it go. Raises Busy."""
    await registry.delete(KIND, _ID)
