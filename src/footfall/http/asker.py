"""Who asks in one request: the owner, the holder of a key, or nobody. Every door that keys of programs open asks here.

It decides nothing about a door: what one takes is told by whoever built it.
"""

from __future__ import annotations

from starlette.requests import Request

from footfall.http.answers import header
from footfall.http.auth import Gate, Standing
from footfall.keys import Keys

NO_KEY = "Missing API key. Please use a valid Footfall API key as a Bearer Token."
WRONG_KEY = "Invalid API key or site ID. Please make sure you're using a valid API key with access to the site you've requested."


class Refused(Exception):
    """Not answered, with this status."""

    def __init__(self, status: int, error: str, retry_after: int = 0) -> None:
        super().__init__(error)
        self.status = status
        self.retry_after = retry_after


class Asker:
    """By the key as Bearer, else as the gate knows the owner. `key` is None for the owner and for nobody."""

    def __init__(self, keys: Keys, gate: Gate, request: Request) -> None:
        bearer = header(request.scope["headers"], b"authorization")
        self._secret = bearer[7:].strip() if bearer[:7].lower() == "bearer " else ""
        self.key = keys.find(self._secret) if self._secret else None
        self._standing = Standing.NOBODY if self.key else gate.standing(request.scope)

    @property
    def is_owner(self) -> bool:
        """Whether it is the owner."""
        return self._standing is Standing.OWNER

    def known(self) -> None:
        """Raises Refused if it is nobody."""
        if self._standing is Standing.LIMITED:
            raise Refused(429, "too many wrong keys", 60)
        if self.key is None and not self.is_owner:
            raise Refused(401, WRONG_KEY if self._secret else NO_KEY)

    def may(self, scope: str, site: str) -> bool:
        """Whether that is allowed at that site."""
        return self.is_owner or (self.key is not None and self.key.allows(site, scope))
