"""The doors that take facts: POST /e and GET /p.gif (docs/wire.md). The hot path: raw ASGI, every microsecond counts.

It turns a request into intake's terms, waits until the engine has made the facts durable, and says what became of them. It
judges nothing itself and knows neither how facts are stored nor what is in one.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from urllib.parse import parse_qsl

import msgspec

from footfall.errors import Busy
from footfall.http.allowance import Allowance
from footfall.http.answers import (
    ANY_ORIGIN,
    JSON,
    MAX_BODY,
    NO_STORE,
    NOSNIFF,
    Headers,
    Outcome,
    Receive,
    Scope,
    Send,
    answer,
    header,
    outcome,
)
from footfall.http.auth import Gate, Standing, peer_of
from footfall.http.warnings import Warnings
from footfall.intake import Caller, Intake, Refusal, Taken, TrustedProxies, read_caller
from footfall.intake.address import network_of
from footfall.intake.reasons import Reason
from footfall.model import STORED, Fact, Verdict

BODY_SECONDS = 10  # a body that takes longer is given up
UNIT_BYTES = 1024  # a request counts as one fact and one more for each so many bytes, if it holds fewer: bytes are work too
BURST_SECONDS = 10  # an address may send this many seconds' worth of facts at once
CONTENT_TYPES = (b"text/plain", b"application/json")
REJECTED = {  # what the fold may still refuse: field and reason, as the sender is told
    "too_old": ("a", "too_old: at most 30 minutes may lie between what happened and the sending"),
    "too_many_paths": ("u", "too_many_paths: the site has as many different pages as one may have"),
    "site_full": ("s", "site_full: the site has as many readers as one may have at a time"),
}

EVERYONE = TrustedProxies(("0.0.0.0/0", "::/0"))  # who speaks with the owner's key is believed about addresses and places

EMPTY: Headers = (ANY_ORIGIN,)
ERROR: Headers = (JSON, NO_STORE, NOSNIFF, ANY_ORIGIN)
PREFLIGHT: Headers = (
    ANY_ORIGIN,
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"86400"),
)
PIXEL: Headers = (
    (b"content-type", b"image/gif"),
    NO_STORE,
    NOSNIFF,
    (b"cross-origin-resource-policy", b"cross-origin"),
    ANY_ORIGIN,
)
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


class Recorder(Protocol):
    """What these doors need of the engine."""

    def now(self) -> int: ...
    def record(self, facts: Sequence[Fact], refused: Sequence[tuple[str, str, str]] = ()) -> Awaitable[list[Verdict]]: ...


class Rejection(Exception):
    """A request that is answered before intake sees it. Never leaves this file."""

    def __init__(self, status: int, reason: str, retry_after: int = 0) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class Gone(Exception):
    """The client left before its body was complete: there is nobody to answer. Never leaves this file."""


class Collect:
    """Both doors. `platform` is whose location headers count. `clock` gives seconds that never go back; `answers` counts
    (door, status) for /metrics. `look` makes known here what other nodes did to sites, if there are any."""

    def __init__(
        self,
        engine: Recorder,
        intake: Intake,
        gate: Gate,
        trusted: TrustedProxies,
        platform: str,
        rate_limit: float,
        warnings: Warnings,
        answers: Counter[tuple[str, int]],
        clock: Callable[[], float],
        look: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._engine = engine
        self._intake = intake
        self._gate = gate
        self._trusted = trusted
        self._platform = platform
        self._allowance = Allowance(rate_limit, rate_limit * BURST_SECONDS)
        self._warnings = warnings
        self._answers = answers
        self._clock = clock
        self._look = look
        self._reading: dict[asyncio.Task[object], float] = {}  # who waits for a body, and since when
        self._late: set[asyncio.Task[object]] = set()

    async def facts(self, scope: Scope, receive: Receive, send: Send) -> None:
        """POST /e, and its preflight."""
        method = scope["method"]
        if method == "OPTIONS":
            return await self._reply(send, "e", 204, PREFLIGHT)
        if method != "POST":
            return await self._reply(send, "e", 405, (*ERROR, (b"allow", b"POST, OPTIONS")), outcome("expected POST", "method"))
        try:
            length, signed = _announced(scope["headers"])
            body = await self._body(length, receive)
            caller = self._caller(scope, signed, len(body))
            taken = self._intake.collect(body, caller)
            if taken.refused and await self._is_late(taken):
                taken = self._intake.collect(body, caller)
            errors = await self._record(taken, caller, len(body))
        except (Rejection, Busy) as error:
            no = _rejection(error)
            return await self._reply(send, "e", no.status, _headers(ERROR, no), outcome(no.reason))
        except Gone:
            self._answers["e", 499] += 1
            return None
        if not errors:
            self._answers["e", 204] += 1
            return await answer(send, 204, EMPTY)
        told = Outcome(len(taken.facts) + len(taken.errors) - len(errors), errors)
        return await self._reply(send, "e", 400, ERROR, msgspec.json.encode(told))

    async def pixel(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET /p.gif. Whatever happens, the answer is an image: a page must not show a broken one."""
        status, headers = 200, PIXEL
        if scope["method"] != "GET":
            status, headers = 405, (*PIXEL, (b"allow", b"GET"))
        else:
            try:
                params = _params(scope["query_string"])
                signed, size = bool(header(scope["headers"], b"authorization")), len(scope["query_string"])
                caller = self._caller(scope, signed, size)
                taken = self._intake.pixel(params, caller)
                if taken.refused and await self._is_late(taken):
                    taken = self._intake.pixel(params, caller)
                errors = await self._record(taken, caller, size)
                status = 400 if errors else 200
            except (Rejection, Busy) as error:
                no = _rejection(error)
                status, headers = no.status, _headers(PIXEL, no)
        await self._reply(send, "p.gif", status, headers, GIF)

    def tick(self) -> None:
        """Once a second: give up bodies that do not come. One clock for all is much cheaper than a timer for each."""
        oldest = self._clock() - BODY_SECONDS
        for task, since in self._reading.items():
            if since < oldest and task not in self._late:
                self._late.add(task)
                task.cancel()

    async def _body(self, length: int, receive: Receive) -> bytes:
        task = asyncio.current_task()
        assert task is not None  # an ASGI server that runs no task could not be cancelled
        self._reading[task] = self._clock()
        try:
            return await _read(receive, length)
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            self._late.discard(task)
            task.uncancel()
            raise Rejection(503, f"the body did not come within {BODY_SECONDS} seconds", 1) from None
        finally:
            del self._reading[task]

    def _caller(self, scope: Scope, signed: bool, size: int) -> Caller:
        """Who sends a request of `size` bytes, unless that address has sent too much already."""
        peer = peer_of(scope)
        trusted = EVERYONE if signed and self._is_owner(scope) else self._trusted
        caller, spoofed = read_caller(peer, scope["headers"], self._engine.now(), trusted, self._platform)
        if spoofed:
            self._warnings.forwarded_by(peer)
        wait = self._allowance.spend(network_of(caller.address), self._clock(), 1 + size // UNIT_BYTES)
        if wait:
            raise Rejection(429, "too many facts from this address", math.ceil(wait))
        return caller

    def _is_owner(self, scope: Scope) -> bool:
        """Whether the owner sends for others. Raises Rejection for a wrong key: its facts would be misplaced."""
        if not header(scope["headers"], b"authorization").lower().startswith("bearer "):
            return False  # a page behind a password sends that along with its images
        standing = self._gate.standing(scope)
        if standing is Standing.LIMITED:
            raise Rejection(429, "too many wrong keys", 60)
        if standing is not Standing.OWNER:
            raise Rejection(403, "that is not the owner's key")
        return True

    async def _is_late(self, taken: Taken) -> bool:
        """Whether a site was named that was not known here, and may be by now: another node of a cluster may have added it."""
        if self._look is None or all(reason is not Reason.SITE for _, _, reason in taken.refused):
            return False
        await self._look()
        return True

    async def _record(self, taken: Taken, caller: Caller, size: int) -> list[Refusal]:
        """Make the facts of a request of `size` bytes durable, and count what intake refused: also that is told when it is
        durable, so that the ledger closes whatever happens. Returns everything that was refused, by intake or by the fold."""
        more = len(taken.facts) + len(taken.errors) - (1 + size // UNIT_BYTES)
        if more > 0:
            self._allowance.take(network_of(caller.address), self._clock(), more)
        verdicts: list[Verdict] = await self._engine.record(taken.facts, taken.refused)
        if verdicts.count(STORED) == len(verdicts):
            return taken.errors
        rejected = [
            Refusal(index, *REJECTED.get(verdict.reason, ("fact", verdict.reason)))
            for index, verdict in zip(taken.indexes, verdicts, strict=True)
            if verdict.outcome == "rejected"
        ]
        return sorted([*taken.errors, *rejected], key=lambda no: no.index or 0) if rejected else taken.errors

    async def _reply(self, send: Send, door: str, status: int, headers: Headers, body: bytes = b"") -> None:
        self._answers[door, status] += 1
        await answer(send, status, headers, body)


def _announced(headers: Headers) -> tuple[int, bool]:
    """The length of the body, -1 if it is not told, and whether a key comes along. Raises Rejection for what will not be read."""
    told = dict(headers)
    kind, size = told.get(b"content-type", b""), told.get(b"content-length")
    length = -1 if size is None else int(size) if size.isdigit() else MAX_BODY + 1
    if kind not in CONTENT_TYPES and kind.partition(b";")[0].strip().lower() not in CONTENT_TYPES:
        raise Rejection(415, "expected JSON as text/plain or application/json")
    if length > MAX_BODY:
        raise Rejection(413, f"expected at most {MAX_BODY} bytes")
    return length, b"authorization" in told


async def _read(receive: Receive, length: int) -> bytes:
    """The body. Stops at the announced length: servers tell only with one more message that nothing follows."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        chunk: bytes = message.get("body", b"")
        body = body + chunk if body else chunk
        if len(body) > MAX_BODY:
            raise Rejection(413, f"expected at most {MAX_BODY} bytes")
        if len(body) == length or not message.get("more_body", False):
            return body


def _params(query: bytes) -> dict[str, str]:
    try:
        sent = query.decode(errors="surrogateescape")
        return dict(parse_qsl(sent, keep_blank_values=True, max_num_fields=20, errors="surrogateescape"))
    except ValueError:
        raise Rejection(400, "expected at most 20 parameters") from None


def _rejection(error: Rejection | Busy) -> Rejection:
    """Whoever is full, intake's salts or the engine: nothing was taken, and the client hears one thing."""
    if isinstance(error, Busy):
        return Rejection(503, "not accepting facts now, try again", error.retry_after)
    return error


def _headers(headers: Headers, no: Rejection) -> Headers:
    return (*headers, (b"retry-after", b"%d" % no.retry_after)) if no.retry_after else headers
