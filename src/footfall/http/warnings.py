"""What the owner has to know while the server runs: that address headers come from a proxy nobody named, that a part died.

Behind such a proxy all readers look like one. Each peer is told once, in the log; the sentences stay for /healthz and the
owner's page.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

CAP = 50  # peers that are told; one is enough to act on
FORWARDED = "X-Forwarded-For comes from a peer that is not named as a trusted proxy: its readers are counted as one"


class Warnings:
    """`lasting` were there at the start (of the data folder); they may name files, so only the owner sees them."""

    def __init__(self, lasting: Sequence[str] = ()) -> None:
        self._lasting = tuple(lasting)
        self._peers: dict[str, None] = {}  # in order of appearance
        self._broken: list[str] = []
        self._log = structlog.get_logger("footfall.http")

    def forwarded_by(self, peer: str) -> None:
        """A forwarded header came from `peer`, which is not trusted."""
        if peer in self._peers or len(self._peers) >= CAP:
            return
        self._peers[peer] = None
        self._log.warning(FORWARDED, peer=peer, repair=f"if this is your proxy: --trusted-proxies {peer}")

    def broken(self, what: str) -> None:
        """A part of the doors ended by a fault, which the log has."""
        self._broken.append(what)

    def public(self) -> list[str]:
        """For /healthz: no address, no file."""
        return [*self._broken, *([FORWARDED] if self._peers else [])]

    def owner(self) -> list[str]:
        """For the owner's page."""
        peers = [f"{FORWARDED} (peer {peer}; if it is your proxy, start with --trusted-proxies {peer})" for peer in self._peers]
        return [*self._lasting, *self._broken, *peers[:3]]
