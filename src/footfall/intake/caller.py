"""Who sends a request, as far as it says: read once from peer and headers, then handed to every step of intake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from footfall.intake.address import TrustedProxies, client_address
from footfall.intake.geo import ANY, GEO_HEADERS, Place, read_place

MAX_USER_AGENT = 1024

_PREFETCH = frozenset({b"sec-purpose", b"purpose", b"x-purpose", b"x-moz"})


class Caller(msgspec.Struct, frozen=True, gc=False):
    """What is known of who sent a request. `arrival` is ms since 1970 UTC; header values are "" when absent."""

    address: str
    arrival: int
    user_agent: str = ""
    origin: str = ""
    referer: str = ""
    accept_language: str = ""
    prefetch: bool = False
    place: Place | None = None
    dnt: bool = False
    gpc: bool = False


def read_caller(
    peer: str, headers: Sequence[tuple[bytes, bytes]], arrival: int, trusted: TrustedProxies, platform: str = ANY
) -> tuple[Caller, bool]:
    """The caller behind ASGI headers (lower-case names), and whether a forwarded header came from an untrusted peer.
    `platform`: whose location headers count, if they come from a trusted one."""
    found = dict(headers)
    if len(found) != len(headers):
        found = _joined(headers)
    forwarded = found.get(b"x-forwarded-for")
    address, spoofed = client_address(peer, None if forwarded is None else forwarded.decode("latin-1"), trusted)
    caller = Caller(
        address,
        arrival,
        found.get(b"user-agent", b"").decode("latin-1")[:MAX_USER_AGENT],
        found.get(b"origin", b"").decode("latin-1"),
        found.get(b"referer", b"").decode("latin-1"),
        found.get(b"accept-language", b"").decode("latin-1"),
        not _PREFETCH.isdisjoint(found) and any(_ahead(found.get(name, b"")) for name in _PREFETCH),
        read_place(found, platform) if not GEO_HEADERS.isdisjoint(found) and peer in trusted else None,
        found.get(b"dnt") == b"1",
        found.get(b"sec-gpc") == b"1",
    )
    return caller, spoofed


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Several lines of one name are one list (RFC 9110); a client's own line must not hide its proxy's."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = found[name] + b"," + value if name in found else value
    return found


def _ahead(purpose: bytes) -> bool:
    purpose = purpose.lower()
    return b"prefetch" in purpose or b"prerender" in purpose or b"preview" in purpose
