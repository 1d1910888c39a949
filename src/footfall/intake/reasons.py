"""Why intake turns something away: a closed set, one sentence each. It knows nothing of requests or sites."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """The ledger's word for a refusal. Lateness is not here: the fold decides it."""

    BODY = "body"
    MALFORMED = "malformed"
    SITE = "site"
    HOST = "host"
    PREFETCH = "prefetch"
    DNT = "dnt"
    GPC = "gpc"


SENTENCES = {
    Reason.BODY: "expected one fact or an array of 1 to 100 facts, as JSON in UTF-8",
    Reason.MALFORMED: "expected {expected}",
    Reason.SITE: "unknown site or host",
    Reason.HOST: "unknown site or host",  # the same words, so that nobody can find out which sites there are
    Reason.PREFETCH: "fetched ahead of a visit that may never come",
    Reason.DNT: "the browser asks not to be tracked (DNT), and the site leaves such readers out",
    Reason.GPC: "the browser asks for privacy (Sec-GPC), and the site leaves such readers out",
}


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """One refused fact, as its sender is told: `index` in the array sent (None: the body as a whole), `field`, `reason`."""

    index: int | None
    field: str
    reason: str


class Refuse(Exception):
    """Raised by a step of intake; never leaves the room. `expected` is a phrase, only with MALFORMED."""

    def __init__(self, reason: Reason, field: str, expected: str = "") -> None:
        super().__init__(reason, field, expected)
        self.reason = reason
        self.field = field
        self.expected = expected

    def told(self, index: int | None) -> Refusal:
        """What the sender gets to read."""
        return Refusal(index, self.field, SENTENCES[self.reason].format(expected=self.expected))
