"""Keys of programs: each for one site or for all, to read, to write or to administer. Made and revoked at any time.

Of a key only its SHA-256 is kept: it is 192 random bits, so nothing slower is needed. It knows no request and has no clock.
"""

from __future__ import annotations

import hashlib
import secrets

import msgspec

from footfall.errors import InvalidInput, NotFound
from footfall.registry.base import Registry

KIND = "key"
READ, WRITE, ADMIN = "read", "write", "admin"
SCOPES = (READ, WRITE, ADMIN)  # each may do what those before it may
LONGEST_NAME = 100


class Key(msgspec.Struct, frozen=True):
    """What is kept. `site` is "" for all sites."""

    id: str
    name: str
    site: str
    scope: str
    digest: str
    created: int

    def allows(self, site: str, scope: str) -> bool:
        """Whether it is good for that, at that site."""
        return self.site in ("", site) and SCOPES.index(scope) <= SCOPES.index(self.scope)


async def open_keys(registry: Registry) -> Keys:
    """Read what is kept. Raises Busy."""
    return Keys(registry, await _read(registry))


class Keys:
    """Made by `open_keys`."""

    def __init__(self, registry: Registry, keys: dict[str, Key]) -> None:
        self._registry = registry
        self._keys = keys

    async def refresh(self) -> None:
        """Read again what is kept: another process may have made or revoked some. Raises Busy."""
        self._keys = await _read(self._registry)

    def find(self, secret: str) -> Key | None:
        """The key that this is, None if it is none."""
        return self._keys.get(_digest(secret))

    def all(self) -> list[Key]:
        """In the order in which they were made."""
        return sorted(self._keys.values(), key=lambda key: (key.created, key.id))

    async def make(self, name: str, site: str, scope: str, now: int) -> tuple[Key, str]:
        """A new key, and the secret that it is known by, which is told this once. Raises InvalidInput, Busy."""
        if scope not in SCOPES:
            raise InvalidInput("scope", " or ".join(SCOPES))
        if not 0 < len(name) <= LONGEST_NAME:
            raise InvalidInput("name", f"1 to {LONGEST_NAME} characters")
        secret = f"footfall_{secrets.token_urlsafe(24)}"
        key = Key(secrets.token_hex(4), name, site, scope, _digest(secret), now)
        await self._registry.put(KIND, key.id, msgspec.json.encode(key))
        self._keys[key.digest] = key
        return key, secret

    async def revoke(self, id: str) -> Key:
        """From now on it opens nothing. Raises NotFound, Busy."""
        found = next((key for key in self._keys.values() if key.id == id), None)
        if found is None:
            raise NotFound(f"no key {id!r}")
        await self._registry.delete(KIND, id)
        del self._keys[found.digest]
        return found

    async def revoke_all_of(self, site: str) -> None:
        """Those that are for this site alone. Raises Busy."""
        for key in self.all():
            if key.site == site:
                await self.revoke(key.id)


async def _read(registry: Registry) -> dict[str, Key]:
    found = [msgspec.json.decode(document, type=Key) for document in (await registry.list(KIND)).values()]
    return {key.digest: key for key in found}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
