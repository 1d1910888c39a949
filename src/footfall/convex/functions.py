"""The functions that clients call, by path: which there are, what kind each is, who may call it, what its arguments are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from footfall.convex.values import read
from footfall.errors import FootfallError, InvalidInput
from footfall.intake.original import check_arguments

QUERY, MUTATION, ACTION = "Query", "Mutation", "Action"
GET_STATS = "getStats"
_MODULE = "stats"
_KINDS = {
    "recordPageView": MUTATION,
    "heartbeat": MUTATION,
    GET_STATS: QUERY,
    "cleanupStaleSessions": MUTATION,
    "backfillAggregates": MUTATION,
    "backfillAggregatesChunk": MUTATION,
}
_PUBLIC = ("recordPageView", "heartbeat", GET_STATS)


class CallFailed(FootfallError):
    """A call that cannot be answered; the message is the client's to read."""


def find(path: str, kind: str, admin: bool) -> str:
    """The name of the function at a path ("stats:getStats"; some clients write "stats.js:getStats"), which must be of that
    kind ("": of any). To those who may not call it, it is not there. Raises CallFailed."""
    module, _, name = path.partition(":")
    found = _KINDS.get(name) if module.removesuffix(".js") == _MODULE else None
    if found is None or not (admin or name in _PUBLIC):
        raise CallFailed(f"Could not find public function for {path[:200]!r}.")
    if kind and found != kind:
        raise CallFailed(f"{_MODULE}:{name} is a {found}, it was called as a {kind}.")
    return name


def read_call(path: str, kind: str, admin: bool, sent: object) -> tuple[str, Mapping[str, Any]]:
    """The function and the arguments of a call, which fit it. Clients send an object, or an array of one. Raises CallFailed."""
    name = find(path, kind, admin)
    try:
        if isinstance(sent, list | tuple) and len(sent) <= 1:
            sent = sent[0] if sent else {}
        found = read(sent)
        if not isinstance(found, dict):
            raise InvalidInput("args", "an object")
        check_arguments(name, found)
    except InvalidInput as error:
        raise refused(error) from error
    return name, found


def refused(error: InvalidInput) -> CallFailed:
    """What a client reads of arguments that do not fit."""
    return CallFailed(f"ArgumentValidationError: {error}")
