"""Requests and facts made in this process, of the same kind as the load's: for the benchmarks that need no socket."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.load import agents
from bench.server import SITE
from footfall.http.answers import Headers

AGENTS = [agent.encode() for agent in agents()]


def bodies(count: int, prefix: str = "bench") -> Iterator[bytes]:
    """Bodies of single views, each with an id of its own."""
    for n in range(count):
        path = f"/{'docs' if n % 3 else 'blog'}/an-article-about-topic-{n % 200}"
        tail = f"?utm_source=letter-{n % 10}&utm_medium=email&utm_campaign=autumn-{n % 4}" if n % 5 == 0 else ""
        fact: dict[str, object] = {
            "s": SITE,
            "k": "view",
            "i": f"{prefix}-{n:012d}",
            "u": f"https://example.com{path}{tail}",
            "t": f"An article: {path}",
            "w": (360, 390, 768, 1366, 1440)[n % 5],
            "l": ("en-US", "en-GB", "de-DE")[n % 3],
        }
        if n % 3 == 0:
            fact["r"] = f"https://www.site-{n % 40}.example/search/page-{n % 7}"
        yield json.dumps(fact, separators=(",", ":")).encode()


def headers(n: int, length: int) -> Headers:
    """The headers of request `n`: an address and an agent of its own."""
    address = n * 1640531527 % 2**32
    return [
        (b"host", b"127.0.0.1:8787"),
        (b"content-type", b"text/plain;charset=UTF-8"),
        (b"user-agent", AGENTS[n % len(AGENTS)]),
        (b"x-forwarded-for", ".".join(str(byte) for byte in address.to_bytes(4, "big")).encode()),
        (b"accept-language", b"en-GB,en;q=0.9"),
        (b"accept", b"*/*"),
        (b"origin", b"https://example.com"),
        (b"referer", b"https://example.com/"),
        (b"content-length", b"%d" % length),
    ]
