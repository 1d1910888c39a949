"""Static files: the coding a client takes, ETags, HEAD, caching by kind of name."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from footfall.http.assets import Assets

SCRIPT = b"console.log('hello, hello, hello, hello, hello, hello, hello')"


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    """A folder as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "f.js").write_bytes(SCRIPT)
    (tmp_path / "f.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "f.js.br").write_bytes(b"br")
    (tmp_path / "assets" / "live-0a1b2c.css").write_bytes(b"body{}")
    (tmp_path / "live.html").write_bytes(b"<title>__SITE__</title>")
    (tmp_path / "BUILD").write_bytes(b"stamp")
    (tmp_path / "manifest.json").write_bytes(b"{}")
    return Assets(tmp_path)


async def fetch(assets: Assets, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One request through the ASGI interface."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await assets({"type": "http", "path": path, "method": method, "headers": pairs}, receive, send)
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(message["body"] for message in sent[1:])


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.0, gzip;q=0", None),
        ("*", "br"),
        ("*;q=0, gzip;q=0.5", "gzip"),
        ("GZIP", "gzip"),
        ("gzip;q=nonsense", None),
    ],
)
async def test_coding_follows_what_the_client_takes(assets: Assets, accept: str, coding: str | None) -> None:
    """The smallest coding that the client accepts, never one that it refuses."""
    status, headers, body = await fetch(assets, "/f.js", accept_encoding=accept)
    assert status == 200
    assert headers.get("content-encoding") == coding
    assert headers["vary"] == "accept-encoding"
    assert int(headers["content-length"]) == len(body)
    assert {None: body, "gzip": body, "br": SCRIPT}[coding] == SCRIPT or gzip.decompress(body) == SCRIPT


async def test_an_etag_saves_the_body_and_belongs_to_its_coding(assets: Assets) -> None:
    """A matching If-None-Match answers 304 without a body; the tag of another coding does not match."""
    _, headers, _ = await fetch(assets, "/f.js", accept_encoding="gzip")
    tag = headers["etag"]
    for condition in (tag, f'"other", W/{tag}', "*"):
        status, again, body = await fetch(assets, "/f.js", accept_encoding="gzip", if_none_match=condition)
        assert (status, body) == (304, b"")
        assert again["etag"] == tag
        assert "content-length" not in again
        assert again["vary"] == "accept-encoding"
    status, _, _ = await fetch(assets, "/f.js", if_none_match=tag)
    assert status == 200


async def test_head_tells_the_length_and_sends_nothing(assets: Assets) -> None:
    """HEAD carries the headers of GET and no body."""
    status, headers, body = await fetch(assets, "/f.js", "HEAD")
    assert (status, body) == (200, b"")
    assert headers["content-length"] == str(len(SCRIPT))


async def test_the_script_may_be_used_from_anywhere_and_hashed_names_for_ever(assets: Assets) -> None:
    """The script is renewed soon and loads on every site; a name with a hash never changes what it holds."""
    _, script, _ = await fetch(assets, "/f.js")
    assert script["cross-origin-resource-policy"] == "cross-origin"
    assert script["access-control-allow-origin"] == "*"
    assert "immutable" not in script["cache-control"]
    assert "stale-while-revalidate" in script["cache-control"]
    _, style, _ = await fetch(assets, "/assets/live-0a1b2c.css")
    assert "immutable" in style["cache-control"]
    assert style["content-type"] == "text/css; charset=utf-8"
    assert script["x-content-type-options"] == style["x-content-type-options"] == "nosniff"


def test_only_files_that_are_meant_for_others_are_served(assets: Assets) -> None:
    """Pages with placeholders, what the build notes for itself and the coded files are not addresses."""
    assert "/f.js" in assets
    for path in ("/live.html", "/BUILD", "/manifest.json", "/f.js.gz", "/f.js.br", "/assets", "/", "/../f.js"):
        assert path not in assets
    assert assets.templates == {"live.html": b"<title>__SITE__</title>"}


def test_what_was_built_anew_is_read_anew(assets: Assets, tmp_path: Path) -> None:
    """For who develops: another build takes the place of the first; one that is not there yet changes nothing."""
    (tmp_path / "live.html").write_bytes(b"other")
    (tmp_path / "assets" / "live-other.css").write_bytes(b"i{}")
    assets.renew()
    assert assets.templates == {"live.html": b"other"}
    assert "/assets/live-other.css" in assets
    for file in ("live.html", "f.js"):
        (tmp_path / file).unlink()
    assets.renew()
    assert assets.templates == {"live.html": b"other"}
    assert "/f.js" in assets
