"""What all nodes of a cluster share so that they hash alike: the key of every hash, the owner's key, the salts of the day.

A key-value bucket of their own. Whoever comes first brings the keys, all others take them. A salt is made by the first node that
needs it and goes by itself, servers and all, an hour after its last use: there are never more than two. Leave the bucket out of
backups, except for its keys.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from nats.aio.client import Client
from nats.js.errors import KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from footfall import rules
from footfall.errors import Full
from footfall.registry.jetstream import bucket, tried

_EARLY = 10 * rules.MINUTE  # before midnight the next day's salt is made: nobody shall wait for it then
_LATE = rules.HOUR  # after the day: its readers may still be here for half of that
_SALT_BYTES = 32


async def open_secrets(client: Client, secret: bytes, owner_key: str, *, replicas: int, name: str = "footfall") -> SharedSecrets:
    """The cluster's; `secret` and `owner_key` become so if it has none. Raises Busy."""
    kept = await bucket(client, f"{name}-secrets", replicas)
    return SharedSecrets(kept, await _first(kept, "secret", secret), (await _first(kept, "owner", owner_key.encode())).decode())


class SharedSecrets:
    """Made by `open_secrets`; call `renew` before the first salt is asked for, and every minute."""

    def __init__(self, kept: KeyValue, secret: bytes, owner_key: str) -> None:
        self.secret = secret
        self.owner_key = owner_key
        self._kept = kept
        self._salts: dict[int, bytes] = {}

    def salt(self, day: int) -> bytes:
        """The salt of a UTC day (days since 1970). Raises Full when it is not known, because it could not be fetched."""
        found = self._salts.get(day)
        if found is None:
            raise Full("the salt of the day could not be fetched")
        return found

    async def renew(self, now: int) -> None:
        """Know those that are needed now, and no other. Raises Busy."""
        salts = {}
        for day in {(now - rules.CARRIED_OVER) // rules.DAY, now // rules.DAY, (now + _EARLY) // rules.DAY}:
            salts[day] = self._salts.get(day) or await self._put(day, secrets.token_bytes(_SALT_BYTES), now)
        self._salts = salts

    async def bring(self, salts: Mapping[int, bytes], now: int) -> None:
        """Those of a store that moves in: its readers of today keep their names. Raises Busy."""
        for day, salt in salts.items():
            if _end(day) > now:
                await self._put(day, salt, now)

    async def _put(self, day: int, salt: bytes, now: int) -> bytes:
        return await _first(self._kept, f"salt.{day}", salt, (_end(day) - now) / rules.SECOND)


def _end(day: int) -> int:
    return (day + 1) * rules.DAY + _LATE


async def _first(kept: KeyValue, key: str, value: bytes, seconds: float | None = None) -> bytes:
    """What somebody put there first, this one if nobody has; it goes after so many seconds."""
    try:
        await tried(lambda: kept.create(key, value, msg_ttl=seconds))
    except KeyWrongLastSequenceError:
        found = (await tried(lambda: kept.get(key))).value
        assert found is not None  # it was there a moment ago
        return found
    return value
