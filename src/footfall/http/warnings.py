"""What the owner has to know while the server runs: that facts are refused, that address headers come from a proxy nobody
named, that a part died.

Behind such a proxy all readers look like one. Each peer is told once, in the log; the sentences stay for /healthz and the
owner's page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from footfall.engine import Health

CAP = 50  # peers that are told; one is enough to act on
FORWARDED = "X-Forwarded-For comes from a peer that is not named as a trusted proxy: its readers are counted as one"
HISTORY_AWAY = "history cannot be reached; what is accepted waits in the journal until it can (the log says why)"
LATE_SECONDS = 60.0  # it is behind by a second or two at all times
REPAIRS = (  # how a reason of the engine begins, and what ends it
    ("the disk is nearly full", "make room on the disk of the data folder, or lower disk_floor_bytes"),
    ("the disk cannot be looked at", "see whether the disk of the data folder is there"),
    ("the journal cannot be written", "see the errors before this; the disk may be full or read-only"),
    ("the windows of the last hour are full", "wait an hour, or raise max_window_entries if there is memory for it"),
    ("too many rows wait", "see whether errors of history were logged before this; else the disk is too slow for what comes"),
    ("too many records wait", "the disk is too slow for what comes"),
    ("", "see the errors before this; a restart loses nothing"),
)


def about_history(health: Health) -> list[str]:
    """That it is away, that it is late."""
    told = [HISTORY_AWAY] if health.history_failure else []
    if health.history_lag_seconds > LATE_SECONDS:
        told.append(
            f"history has been behind for {health.history_lag_seconds / 60:.0f} min; figures of the past lack what came since"
        )
    return told


class Warnings:
    """`lasting` were there at the start (of the data folder), `present` are there at this moment (of folders of content); they
    may name files, so only the owner sees them.

    `refusal` says why facts are refused at this moment, "" while they are taken.
    """

    def __init__(
        self,
        lasting: Sequence[str] = (),
        refusal: Callable[[], str] = lambda: "",
        present: Callable[[], Sequence[str]] = lambda: (),
        history: Callable[[], Sequence[str]] = lambda: (),
    ) -> None:
        self._lasting = tuple(lasting)
        self._present = present
        self._history = history
        self._refusal = refusal
        self._refusing = False
        self._peers: dict[str, None] = {}  # in order of appearance
        self._broken: list[str] = []
        self._log = structlog.get_logger("footfall.http")

    def tick(self) -> None:
        """Once a second, and at the start: the log has every change between taking facts and refusing them."""
        reason = self._refusal()
        if reason and not self._refusing:
            repair = next(repair for start, repair in REPAIRS if reason.startswith(start))
            self._log.error("facts are refused", reason=reason, repair=repair)
        elif self._refusing and not reason:
            self._log.warning("facts are taken again")
        self._refusing = bool(reason)

    def _refused(self) -> list[str]:
        reason = self._refusal()
        return [f"Facts are refused now: {reason}"] if reason else []

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
        return [*self._refused(), *self._history(), *self._broken, *([FORWARDED] if self._peers else [])]

    def owner(self) -> list[str]:
        """For the owner's page."""
        peers = [f"{FORWARDED} (peer {peer}; if it is your proxy, start with --trusted-proxies {peer})" for peer in self._peers]
        return [*self._refused(), *self._history(), *self._lasting, *self._broken, *peers[:3], *self._present()]
