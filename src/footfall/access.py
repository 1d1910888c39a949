"""What lets the owner in: the hash of a password, the sessions it gives, and the one link that sets it.

Kept as one document of the registry. It knows no request and no page, and has no clock: `now` is an argument, in milliseconds
since 1970. A session is a signed text and is not stored: raising the epoch ends all of them, and so does a new owner's key.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from footfall.errors import InvalidInput
from footfall.registry.base import Registry

DOCUMENT = ("access", "owner")  # kind and id
SESSION_SECONDS = 30 * 86_400
SHORTEST = 10  # characters of a password


class _Kept(msgspec.Struct, frozen=True):
    """The document. `password` is argon2's own text, `welcome` the hash of the link's token; "": there is none."""

    password: str = ""
    epoch: int = 0
    welcome: str = ""


async def open_access(registry: Registry, secret: bytes, owner_key: str) -> Access:
    """Read what is kept. Raises Busy."""
    key = hashlib.blake2b(owner_key.encode(), key=secret, person=b"session").digest()
    return Access(registry, key, await _read(registry))


class Access:
    """Made by `open_access`. Hashing takes 64 MiB and a tenth of a second: it runs in a thread, one at a time."""

    def __init__(self, registry: Registry, key: bytes, kept: _Kept) -> None:
        self._registry = registry
        self._key = key
        self._kept = kept
        self._hasher = PasswordHasher()
        self._turn = asyncio.Lock()

    async def refresh(self) -> None:
        """Read again what is kept: another process may have changed it. Raises Busy."""
        async with self._turn:
            self._kept = await _read(self._registry)

    @property
    def has_password(self) -> bool:
        """Whether one was ever set."""
        return bool(self._kept.password)

    async def welcome(self) -> str:
        """A new token that sets the password once; the one before is good no longer. Raises Busy."""
        token = secrets.token_urlsafe(24)
        async with self._turn:
            await self._keep(lambda kept: msgspec.structs.replace(kept, welcome=_digest(token)))
        return token

    def welcomes(self, token: str) -> bool:
        """Whether this token would set the password."""
        return _welcomes(self._kept, token)

    async def accept(self, token: str, password: str) -> bool:
        """Set the password by a token, which is spent with it; False for one that is not good. Raises InvalidInput, Busy."""
        _check(password)
        async with self._turn:
            if not self.welcomes(token):
                return False
            hashed = await self._hashed(password)
            return await self._keep(lambda kept: _Kept(hashed, kept.epoch + 1) if _welcomes(kept, token) else None)

    async def change(self, password: str) -> None:
        """Set another password and end every session. Raises InvalidInput, Busy."""
        _check(password)
        async with self._turn:
            hashed = await self._hashed(password)
            await self._keep(lambda kept: _Kept(hashed, kept.epoch + 1))

    async def is_password(self, password: str) -> bool:
        """Whether it is the owner's."""
        async with self._turn:
            try:
                return await asyncio.to_thread(self._hasher.verify, self._kept.password, _normal(password))
            except (VerificationError, InvalidHashError):  # another password; none was set
                return False

    def session(self, now: int) -> str:
        """A new session: when it began, the epoch, and the signature of both."""
        return self._signed(f"{now // 1000:x}.{self._kept.epoch:x}")

    def holds(self, session: str, now: int) -> bool:
        """Whether a session is ours, of this epoch, and younger than 30 days."""
        told, _, _ = session.rpartition(".")
        if not hmac.compare_digest(self._signed(told).encode(), session.encode()):
            return False
        began, _, epoch = told.partition(".")
        return int(epoch, 16) == self._kept.epoch and now // 1000 - int(began, 16) < SESSION_SECONDS

    def _signed(self, told: str) -> str:
        return f"{told}.{hashlib.blake2b(told.encode(), key=self._key, digest_size=24).hexdigest()}"

    async def _hashed(self, password: str) -> str:
        return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def _keep(self, change: Callable[[_Kept], _Kept | None]) -> bool:
        """Put what `change` makes of what is kept, if anything; it is asked again if another process was faster."""
        while True:
            there = await self._registry.get(*DOCUMENT)
            kept = change(_kept(there))
            if kept is None:
                return False
            if await self._registry.replace(*DOCUMENT, there, msgspec.json.encode(kept)):
                self._kept = kept
                return True


async def _read(registry: Registry) -> _Kept:
    return _kept(await registry.get(*DOCUMENT))


def _kept(document: bytes | None) -> _Kept:
    return _Kept() if document is None else msgspec.json.decode(document, type=_Kept)


def _welcomes(kept: _Kept, token: str) -> bool:
    return bool(kept.welcome) and hmac.compare_digest(_digest(token), kept.welcome)


def _check(password: str) -> None:
    if len(_normal(password)) < SHORTEST:
        raise InvalidInput("password", f"at least {SHORTEST} characters")


def _normal(password: str) -> str:
    """One text for what is typed as one: keyboards differ in how they put an accent on a letter."""
    return unicodedata.normalize("NFKC", password)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
