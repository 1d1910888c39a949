"""POST /api/query, /api/mutation and their kin, as the original's HTTP clients call them.

An error of a function is answered 200 with the client's own shape of it, because one of the clients breaks on anything else;
every other status has the shape {"code", "message"}.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from footfall.convex.address import SYNC, Address
from footfall.convex.functions import ACTION, MUTATION, QUERY, CallFailed
from footfall.convex.values import parsed, shown, timestamp
from footfall.errors import Busy, FootfallError
from footfall.http.allowance import Allowance
from footfall.http.answers import JSON, MAX_BODY, NO_STORE, NOSNIFF, Headers, Receive, Scope, Send, answer, header
from footfall.http.auth import Gate, Standing
from footfall.http.convex.calls import UNIT_BYTES, Calls
from footfall.intake.address import network_of
from footfall.model import Site

BODY_SECONDS = 10
KINDS = {"query": QUERY, "query_at_ts": QUERY, "mutation": MUTATION, "action": ACTION, "function": ""}  # "": any


class Problem(FootfallError):
    """A request that is answered before any function is called. Never leaves this file."""

    def __init__(self, status: int, code: str, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class _Call(msgspec.Struct):
    path: str
    args: Any = ()


class Door:
    """`clock` gives seconds that never go back; `answers` counts (door, status) for /metrics."""

    def __init__(
        self, calls: Calls, gate: Gate, allowance: Allowance, answers: Counter[tuple[str, int]], clock: Callable[[], float]
    ) -> None:
        self._calls = calls
        self._gate = gate
        self._allowance = allowance
        self._answers = answers
        self._clock = clock

    async def answer(self, address: Address, scope: Scope, receive: Receive, send: Send) -> None:
        """A request to one of the endpoints."""
        cors = _cors(scope)
        site = self._calls.site(address, scope)
        try:
            if site is None:
                raise Problem(404, "NoSuchSite", "no site is served to these clients at this address")
            if scope["method"] == "OPTIONS":
                return await self._reply(send, 204, cors)
            if address.endpoint == SYNC:
                raise Problem(426, "UpgradeRequired", "expected a WebSocket")
            if scope["method"] != "POST":
                raise Problem(405, "MethodNotAllowed", "expected POST")
            body = await self._endpoint(address.endpoint, site, scope, receive)
        except Problem as no:
            retry = [(b"retry-after", b"%d" % no.retry_after)] if no.retry_after else []
            problem = msgspec.json.encode({"code": no.code, "message": str(no)})
            return await self._reply(send, no.status, [*cors, JSON, *retry], problem)
        return await self._reply(send, 200, [*cors, JSON], body)

    async def _endpoint(self, endpoint: str, site: Site, scope: Scope, receive: Receive) -> bytes:
        body = await _body(receive)
        self._take(scope, len(body))
        admin = self._is_admin(scope)
        if endpoint == "query_ts":
            return msgspec.json.encode({"ts": timestamp(self._calls.boards.ts())})
        if endpoint == "debug_event":
            return b"null"
        try:
            call = msgspec.convert(parsed(body), _Call)
        except (ValueError, msgspec.ValidationError) as error:
            raise Problem(400, "BadJsonBody", shown(str(error))) from error
        try:
            result = await self._calls.run(site.id, call.path, KINDS[endpoint], admin, call.args, scope["headers"])
        except CallFailed as error:
            return msgspec.json.encode({"status": "error", "errorMessage": shown(str(error)), "logLines": []})
        except Busy as busy:
            raise Problem(503, "Overloaded", str(busy), busy.retry_after) from busy
        return b'{"status":"success","value":%b,"logLines":[]}' % result.encode()

    def _take(self, scope: Scope, size: int) -> None:
        address, now = network_of(self._gate.address(scope)), self._clock()
        if wait := self._allowance.wait(address, now):
            raise Problem(429, "TooManyRequests", "too many calls from this address", math.ceil(wait))
        self._allowance.take(address, now, 1 + size // UNIT_BYTES)

    def _is_admin(self, scope: Scope) -> bool:
        """Whether the owner's key comes along. Tokens of users mean nothing here."""
        kind, _, key = header(scope["headers"], b"authorization").partition(" ")
        if kind.lower() != "convex":
            return False
        standing = self._calls.standing(scope, key.strip())
        if standing is Standing.LIMITED:
            raise Problem(429, "TooManyRequests", "too many wrong keys", 60)
        if standing is not Standing.OWNER:
            raise Problem(401, "BadAdminKey", "that is not the owner's key")
        return True

    async def _reply(self, send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
        self._answers["convex", status] += 1
        await answer(send, status, [*headers, NO_STORE, NOSNIFF], body)


def _cors(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Any page may call, which is what the door is for. Old clients ask with credentials: those demand their own origin back.
    No cookie means anything here."""
    origin = header(scope["headers"], b"origin")
    allowed = [(b"access-control-allow-origin", origin.encode("latin-1") or b"*"), (b"vary", b"origin")]
    if origin:
        allowed.append((b"access-control-allow-credentials", b"true"))
    if scope["method"] == "OPTIONS":
        allowed += [
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", b"content-type, convex-client, authorization"),
            (b"access-control-max-age", b"86400"),
        ]
    return allowed


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Problem(499, "Gone", "the client left")
                body += message.get("body", b"")
                if len(body) > MAX_BODY:
                    raise Problem(413, "TooLarge", f"at most {MAX_BODY} bytes")
                if not message.get("more_body", False):
                    return body
    except TimeoutError:
        raise Problem(503, "Slow", f"the body did not come within {BODY_SECONDS} seconds", 1) from None
