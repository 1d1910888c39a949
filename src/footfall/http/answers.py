"""How an answer is put on the wire: the two ASGI messages, the headers every page carries, the shape of an error.

It knows no door, no house and no framework. Message dicts and header lists are made anew for every answer: middleware of an
application that mounts this one may write into them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

import msgspec

from footfall.intake import Refusal

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

MAX_BODY = 64 * 1024  # bytes of a request: facts, forms, settings

NO_STORE = (b"cache-control", b"no-store")
ANY_ORIGIN = (b"access-control-allow-origin", b"*")
NOSNIFF = (b"x-content-type-options", b"nosniff")
JSON = (b"content-type", b"application/json")
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class Outcome(msgspec.Struct, frozen=True):
    """What a collecting door answers when not everything was taken."""

    accepted: int
    errors: list[Refusal]


def outcome(reason: str, field: str = "body") -> bytes:
    """The body of an answer that took nothing, for one reason."""
    return msgspec.json.encode(Outcome(0, [Refusal(None, field, reason)]))


def page_headers(policy: str = PAGE_POLICY, referrer: str = "no-referrer") -> list[tuple[bytes, bytes]]:
    """What every page carries, errors too. Of a page that tells no referrer browsers hide the origin from its own forms' doors:
    pages with forms say "same-origin"."""
    return [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", policy.encode()),
        NOSNIFF,
        (b"referrer-policy", referrer.encode()),
        (b"cross-origin-opener-policy", b"same-origin"),
        NO_STORE,
    ]


async def answer(send: Send, status: int, headers: Headers, body: bytes = b"", *, head: bool = False) -> None:
    """Send a whole answer. With `head` the body is announced but left out."""
    told = list(headers)
    if status not in (204, 304):
        told.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": b"" if head else body})


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """The first value of a header (lower-case name), "" when absent."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return ""


def route_path(scope: Scope) -> str:
    """The path below the prefix that this application is mounted under."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        return path[len(root) :] or "/"
    return path
