"""Who may see what: the owner's key, as Bearer or as the cookie a page set, and which sites are public.

It knows keys and sites, no page and no answer. A wrong key, no key and a site that does not exist must look alike from
outside, so every door asks here and acts on the one result.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from enum import Enum
from http.cookies import CookieError, SimpleCookie

from footfall.http.allowance import Allowance
from footfall.http.answers import Scope, header
from footfall.intake import TrustedProxies, client_address
from footfall.intake.address import network_of
from footfall.model import Site

COOKIE = "footfall_key"
COOKIE_SECONDS = 365 * 86_400
ATTEMPTS_PER_SECOND = 0.5
ATTEMPTS_AT_ONCE = 20


class Standing(Enum):
    """What is known of somebody who asks."""

    OWNER = "owner"
    STRANGER = "stranger"
    LIMITED = "limited"  # too many wrong keys from that address: no key is looked at for a while


class Gate:
    """`sites` is a live view; `public_url` is where readers reach us, "" if only we know; `clock` gives seconds."""

    def __init__(
        self,
        owner_key: str,
        sites: Mapping[str, Site],
        trusted: TrustedProxies,
        public_url: str,
        clock: Callable[[], float],
    ) -> None:
        self._key = owner_key.encode()
        self._token = cookie_token(owner_key).encode()
        self._sites = sites
        self._trusted = trusted
        self._tls_host = public_url.removeprefix("https://") if public_url.startswith("https://") else ""
        self._clock = clock
        self._attempts = Allowance(ATTEMPTS_PER_SECOND, ATTEMPTS_AT_ONCE)

    def standing(self, scope: Scope, key: str = "") -> Standing:
        """Who asks: by `key` (of an address that a person opened), else by Bearer, else by cookie."""
        headers = scope["headers"]
        bearer = header(headers, b"authorization")
        if bearer[:7].lower() == "bearer ":
            key = key or bearer[7:].strip()
        token = "" if key else _cookie(header(headers, b"cookie"))
        if not (key or token):
            return Standing.STRANGER
        who, now = network_of(self.address(scope)), self._clock()
        if self._attempts.wait(who, now):
            return Standing.LIMITED
        if hmac.compare_digest(key.encode(), self._key) if key else hmac.compare_digest(token.encode(), self._token):
            return Standing.OWNER
        self._attempts.take(who, now)
        return Standing.STRANGER

    def visible(self, site: str, standing: Standing) -> bool:
        """Whether somebody of this standing may see a site. False also for one that does not exist."""
        found = self._sites.get(site)
        return found is not None and (found.public or standing is Standing.OWNER)

    def address(self, scope: Scope) -> str:
        """Whose request it is: the peer's address, or what a trusted proxy says."""
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        return client_address(peer_of(scope), ",".join(lines) if lines else None, self._trusted)[0]

    def is_https(self, scope: Scope) -> bool:
        """Whether the reader's browser talks TLS: to us, to a trusted proxy, or at the public address that says so."""
        headers = scope["headers"]
        if scope.get("scheme") == "https" or (self._tls_host and header(headers, b"host") == self._tls_host):
            return True
        return peer_of(scope) in self._trusted and header(headers, b"x-forwarded-proto") == "https"


def peer_of(scope: Scope) -> str:
    """The address at the other end of the connection; "" on a Unix socket."""
    client = scope.get("client")
    return client[0] if client else ""


def cookie_token(owner_key: str) -> str:
    """What the cookie holds: proof of the key, not the key."""
    return hashlib.blake2b(b"cookie", key=owner_key.encode()[:64], digest_size=24).hexdigest()


def cookie(owner_key: str, path: str, secure: bool) -> bytes:
    """The Set-Cookie header of somebody who came with the right key."""
    flags = "; Secure" if secure else ""
    token = cookie_token(owner_key)
    return f"{COOKIE}={token}; Max-Age={COOKIE_SECONDS}; Path={path}; HttpOnly; SameSite=Strict{flags}".encode()


def _cookie(text: str) -> str:
    try:
        morsel = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
