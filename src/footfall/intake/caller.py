"""Who sends a request, as far as it says: read once from peer and headers, then handed to every step of intake."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from footfall.intake.address import TrustedProxies
from footfall.intake.geo import Place


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


def read_caller(
    peer: str, headers: Iterable[tuple[bytes, bytes]], arrival: int, trusted: TrustedProxies
) -> tuple[Caller, bool]:
    """The caller behind ASGI headers (lower-case names), and whether a forwarded header came from an untrusted peer."""
    raise NotImplementedError
