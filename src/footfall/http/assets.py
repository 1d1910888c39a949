"""The built files of the package, read once (but see `renew`): the best coding the client takes, ETags, HEAD and 304.

It knows nothing of what is in them. Codings other than identity are files beside the original (`.br`, `.gz`) made at build
time, so that nothing is compressed while serving.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from footfall.http.answers import ANY_ORIGIN, NOSNIFF, Headers, Receive, Scope, Send, answer, header, route_path

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
CODINGS = ((b"br", ".br"), (b"gzip", ".gz"))
IMMUTABLE = "public, max-age=31536000, immutable"  # for names that carry a hash of what is in them
SCRIPT = "public, max-age=3600, stale-while-revalidate=86400"  # a fixed name: short, then renewed in the background
CROSS_ORIGIN: Headers = ((b"cross-origin-resource-policy", b"cross-origin"), ANY_ORIGIN)


@dataclass(frozen=True, slots=True)
class Variant:
    """One coding of a file, ready to send."""

    body: bytes
    etag: bytes
    headers: Headers


File = Mapping[bytes, Variant]  # by coding; b"" is identity


class Assets:
    """An ASGI application that serves the scripts of `static` and everything in its `assets`; `templates` are its pages, and
    `inline` are the scripts that pages carry within."""

    def __init__(self, static: Traversable) -> None:
        self.templates: dict[str, bytes] = {}
        self.inline: dict[str, str] = {}
        self._files: dict[str, File] = {}
        self._static = static
        if static.is_dir():
            self._read(static, "/")

    def renew(self) -> None:
        """Read everything again, for who develops: script/watch puts another folder in the place of this one."""
        with suppress(OSError):  # it is being replaced at this moment: next time, then
            fresh = Assets(self._static)
            if fresh.templates:
                self.templates, self.inline, self._files = fresh.templates, fresh.inline, fresh._files

    def _read(self, folder: Traversable, prefix: str) -> None:
        siblings = {entry.name: entry for entry in folder.iterdir()}
        for name, entry in sorted(siblings.items()):
            if entry.is_dir():
                self._read(entry, f"{prefix}{name}/")
            elif name.endswith(".html"):
                self.templates[name] = entry.read_bytes()
            elif prefix == "/inline/":
                self.inline[name] = entry.read_text("utf-8")
            elif name.endswith(".js") or (prefix == "/assets/" and not name.endswith((".br", ".gz"))):
                coded = {coding: siblings[name + end].read_bytes() for coding, end in CODINGS if name + end in siblings}
                self._files[prefix + name] = _file(prefix + name, {**coded, b"": entry.read_bytes()})

    def __contains__(self, path: str) -> bool:
        return path in self._files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A path that is `in` here."""
        if scope["method"] not in ("GET", "HEAD"):
            await answer(send, 405, [(b"allow", b"GET, HEAD"), NOSNIFF])
            return
        file = self._files[route_path(scope)]
        chosen = file[best(header(scope["headers"], b"accept-encoding"), file)]
        if matches(header(scope["headers"], b"if-none-match"), chosen.etag):
            kept = [pair for pair in chosen.headers if pair[0] not in (b"content-type", b"content-encoding")]
            await answer(send, 304, kept)
        else:
            await answer(send, 200, chosen.headers, chosen.body, head=scope["method"] == "HEAD")


def packaged() -> Assets:
    """The files that came with the package."""
    return Assets(files("footfall") / "static")


def _file(path: str, bodies: Mapping[bytes, bytes]) -> File:
    end = path[path.rindex(".") :]
    kind = TYPES.get(end) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    shared = [(b"content-type", kind.encode()), (b"vary", b"accept-encoding"), NOSNIFF]
    if path.startswith("/assets/"):
        shared += [(b"cache-control", IMMUTABLE.encode()), (b"cross-origin-resource-policy", b"same-origin")]
    else:
        shared += [(b"cache-control", SCRIPT.encode()), *CROSS_ORIGIN]
    variants = {}
    for coding, body in bodies.items():
        etag = b'"%s"' % hashlib.sha256(body).hexdigest()[:20].encode()
        encoding = [(b"content-encoding", coding)] if coding else []
        variants[coding] = Variant(body, etag, [*shared, (b"etag", etag), *encoding])
    return variants


def best(accept: str, file: File) -> bytes:
    """The coding to send: the smallest body among those the client takes; identity if it takes none of ours."""
    weights = {}
    for part in accept.lower().split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip()] = _weight(parameters)
    taken = [coding for coding in file if coding and weights.get(coding.decode(), weights.get("*", 0.0)) > 0]
    return min(taken, key=lambda coding: len(file[coding].body), default=b"")


def _weight(parameters: str) -> float:
    key, _, value = parameters.strip().partition("=")
    try:
        return float(value) if key.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def matches(if_none_match: str, etag: bytes) -> bool:
    """Whether the client has what this tag names."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag.decode() in tags
