"""What the owner made at the old server, on its way into the cluster: sites, password, keys.

What was brought is written down there, so that whoever goes on brings what changed at the old server since, and nothing else:
what nodes changed stays.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from footfall.hold import KIND
from footfall.migrate.places import Source
from footfall.registry.base import Registry

_SETTINGS = "settings"  # the id of the document


class Settings:
    """From the old store's registry to the cluster's."""

    def __init__(self, old: Source, registry: Registry) -> None:
        self._old = old
        self._registry = registry
        self._brought: dict[str, str] | None = None  # by "kind/id", what of the old server's documents the cluster has

    async def bring(self) -> None:
        """Bring what changed. Raises Busy; then all of it comes again."""
        before = await self._known() if self._brought is None else self._brought
        documents = {f"{kind}/{id}": document for (kind, id), document in (await self._old.documents()).items()}
        now = {name: blake2b(document, digest_size=16).hexdigest() for name, document in documents.items()}
        if now != before:
            for name, document in documents.items():
                if now[name] != before.get(name):
                    await self._registry.put(*_split(name), document)
            for name in before.keys() - now.keys():
                await self._registry.delete(*_split(name))
            await self._registry.put(KIND, _SETTINGS, msgspec.json.encode(now))
        self._brought = now

    async def _known(self) -> dict[str, str]:
        document = await self._registry.get(KIND, _SETTINGS)
        return {} if document is None else msgspec.json.decode(document, type=dict[str, str])


def _split(name: str) -> tuple[str, str]:
    kind, _, id = name.partition("/")
    return kind, id
