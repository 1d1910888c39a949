"""Whose address it is: the peer's, or the one that a trusted proxy saw. It opens no socket and looks nothing up."""

from __future__ import annotations

from collections.abc import Iterable


class TrustedProxies:
    """The networks ("10.0.0.0/8", "::1") whose X-Forwarded-For and location headers are believed."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        raise NotImplementedError

    def __contains__(self, address: str) -> bool:
        raise NotImplementedError


def client_address(peer: str, forwarded_for: str | None, trusted: TrustedProxies) -> tuple[str, bool]:
    """(address of the client, whether a forwarded header came from a peer that is not trusted)."""
    raise NotImplementedError
