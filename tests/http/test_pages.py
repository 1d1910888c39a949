"""Pages, headers, keys and cookies, operations: what a person, a browser and a scraper get."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from footfall.config import Config
from footfall.errors import InvalidInput
from footfall.house import open_house
from footfall.http.app import create_app
from footfall.http.assets import Assets
from footfall.http.live import Live
from footfall.http.warnings import Warnings
from footfall.model import Site

from .conftest import IN_ITS_LOOP, Running, Serving
from .test_collect import post, view


@IN_ITS_LOOP
async def test_every_page_has_its_security_headers(each_shared: Running) -> None:
    """Also the pages that only say no."""
    for path in ("/", "/s/open-site", "/s/no-such-site", "/nothing", "/metrics"):
        answer = await each_shared.client.get(path)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"


@IN_ITS_LOOP
async def test_a_private_page_and_none_look_alike(each_shared: Running) -> None:
    """Byte for byte, whatever wrong key comes along."""
    for query in ("", "?key=wrong"):
        hidden, unknown = [await each_shared.client.get(f"/s/{site}{query}") for site in ("shut-site", "no-such-site")]
        assert hidden.status_code == unknown.status_code == 404
        assert hidden.content == unknown.content
        told = [[pair for pair in answer.headers.raw if pair[0].lower() != b"date"] for answer in (hidden, unknown)]
        assert told[0] == told[1]


async def test_the_key_becomes_a_session_and_leaves_the_address(running: Running) -> None:
    """Scripts cannot read the cookie, the key is not in it, and it opens the page, the snapshot and the list."""
    key = running.house.folder.owner_key
    answer = await running.client.get(f"/s/shut-site?key={key}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/s/shut-site"
    cookie = answer.headers["set-cookie"]
    assert key not in cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    told = {"cookie": f"theme=dark; {cookie.partition(';')[0]}; bad[name]=x"}
    running.client.cookies.clear()
    assert (await running.client.get("/api/live/shut-site", headers=told)).status_code == 200
    assert "shut-site" in (await running.client.get("/", headers=told)).text


@IN_ITS_LOOP
async def test_a_link_on_another_site_signs_in_too(shared: Running) -> None:
    """Browsers hold a Strict cookie back while they follow a redirect that began elsewhere: a page of ours leads on instead."""
    key = shared.house.folder.owner_key
    answer = await shared.client.get(f"/?key={key}", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert answer.headers["refresh"] == "0; url=/"
    assert "set-cookie" in answer.headers


async def test_the_cookie_is_secure_behind_a_proxy_that_speaks_tls(serving: Serving) -> None:
    """When a trusted proxy says https; a stranger's word for it does not count."""
    async with serving(trusted_proxies=("127.0.0.1",)) as running:
        answer = await running.client.get(f"/?key={running.house.folder.owner_key}", headers={"x-forwarded-proto": "https"})
        assert "; Secure" in answer.headers["set-cookie"]


async def test_the_cookie_is_secure_at_a_public_address_with_tls(serving: Serving) -> None:
    """Also behind a proxy that nobody named; at another address over plain HTTP it must not be, or it would be lost."""
    async with serving(public_url="https://stats.example") as running:
        path = f"/?key={running.house.folder.owner_key}"
        answer = await running.client.get(path, headers={"host": "stats.example"})
        assert "; Secure" in answer.headers["set-cookie"]
        assert "; Secure" not in (await running.client.get(path)).headers["set-cookie"]


@IN_ITS_LOOP
async def test_a_public_page_with_a_wrong_key_is_shown_and_signs_nobody_in(shared: Running) -> None:
    """The key leaves the address, no cookie is set."""
    answer = await shared.client.get("/s/open-site?key=wrong")
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers


@IN_ITS_LOOP
async def test_the_start_page_lists_sites_for_the_owner_only(each_shared: Running) -> None:
    """Names are text, not markup; strangers see none."""
    stranger = await each_shared.client.get("/")
    assert "shut-site" not in stranger.text
    assert "open-site" not in stranger.text
    owner = await each_shared.client.get("/", headers=each_shared.owner)
    assert "Shut &lt;b&gt;" in owner.text
    assert 'href="s/open-site"' in owner.text


async def test_the_live_page_carries_its_first_numbers(serving: Serving, tmp_path: Path) -> None:
    """The built page with the snapshot inside, safe against what a title or path says."""
    async with serving() as running:
        await post(running, view(t="</script><script>alert(1)</script>"))
        answer = await running.client.get("/s/open-site")
        if answer.status_code == 503:
            pytest.skip("the web files are not built")
        assert "<script>alert" not in answer.text
        assert not re.search(r"__[A-Z]+__", answer.text)
        block = re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', answer.text, re.S)
        assert block is not None
        assert json.loads(block[1])["views"] == 1


@IN_ITS_LOOP
async def test_the_script_is_there_for_every_site(each_shared: Running) -> None:
    """Compressed, from any origin, renewed after a while, and not sent again to whoever has it."""
    answer = await each_shared.client.get("/f.js", headers={"accept-encoding": "gzip, br"})
    if answer.status_code == 404:
        pytest.skip("the web files are not built")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["content-encoding"] == "br"
    assert answer.headers["access-control-allow-origin"] == "*"
    again = {"accept-encoding": "gzip, br", "if-none-match": answer.headers["etag"]}
    assert (await each_shared.client.get("/f.js", headers=again)).status_code == 304
    assert (await each_shared.client.head("/f.js")).headers["content-length"] != "0"
    assert (await each_shared.client.post("/f.js")).status_code == 405


async def test_metrics_are_closed_without_the_key(running: Running) -> None:
    """They look like any address that is not there; with the key they count facts and answers."""
    answer = await running.client.get("/metrics")
    nothing = await running.client.get("/nothing")
    assert (answer.status_code, answer.content) == (nothing.status_code, nothing.content) == (404, nothing.content)
    await post(running, view())
    await post(running, b"broken")
    text = (await running.client.get("/metrics", headers=running.owner)).text
    assert 'footfall_requests_total{door="e",status="204"} 1.0' in text
    assert 'footfall_requests_total{door="e",status="400"} 1.0' in text
    assert re.search(r'footfall_facts_total\{.*outcome="stored".*site="open-site".*\} 1\.0', text)


async def test_two_applications_do_not_share_their_metrics(tmp_path: Path) -> None:
    """What one counts the other does not know."""
    from .conftest import serve

    async with serve(tmp_path / "a") as first, serve(tmp_path / "b") as second:
        await post(first, view())
        assert 'status="204"' in (await first.client.get("/metrics", headers=first.owner)).text
        assert 'status="204"' not in (await second.client.get("/metrics", headers=second.owner)).text


async def test_metrics_may_have_a_listener_of_their_own(serving: Serving, unused_tcp_port: int) -> None:
    """There they need no key, and nothing else is served."""
    async with serving(metrics_listen=f"127.0.0.1:{unused_tcp_port}"), httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{unused_tcp_port}/metrics")
        assert answer.status_code == 200
        assert "footfall_accepting 1.0" in answer.text
        assert (await client.get(f"http://127.0.0.1:{unused_tcp_port}/healthz")).status_code == 404


@IN_ITS_LOOP
async def test_health_is_open_and_says_little(each_shared: Running) -> None:
    """Status, version and warnings; no site, no file."""
    answer = await each_shared.client.get("/healthz")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "version", "warnings"}


@pytest.mark.slow
async def test_a_part_of_the_doors_that_dies_is_not_silent(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log has it, /healthz says it and so does the owner's page, though facts are still accepted."""

    def fault(live: Live) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Live, "tick", fault)
    async with serving() as running, asyncio.timeout(20):
        while not (warnings := (await running.client.get("/healthz")).json()["warnings"]):
            pass  # it is alive for a second
        assert warnings == ["the clock of the doors stopped by a fault; see the log, then restart"]
        assert warnings[0] in (await running.client.get("/", headers=running.owner)).text
        assert (await post(running, view())).status_code == 204


async def test_a_page_may_show_the_name(serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As text, whatever is in it; a site without a name is called by its id."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "live.html").write_text("__SITE__: __NAME__")
    monkeypatch.setattr("footfall.http.doors.packaged", lambda: Assets(tmp_path / "static"))
    async with serving() as running:
        assert (await running.client.get("/s/shut-site", headers=running.owner)).text == "shut-site: Shut &lt;b&gt;"
        await running.house.put_site(Site("shut-site"))
        assert (await running.client.get("/s/shut-site", headers=running.owner)).text == "shut-site: shut-site"


async def test_facts_that_are_refused_are_told_everywhere(serving: Serving) -> None:
    """From the start: the log with a repair, /healthz, /metrics, the owner's pages; strangers see nothing of it."""
    with capture_logs() as logged:
        async with serving(disk_floor_bytes=1 << 60) as running:
            (warning,) = (await running.client.get("/healthz")).json()["warnings"]
            pages = {path: await running.client.get(path, headers=running.owner) for path in ("/", "/s/open-site")}
            seen = await running.client.get("/s/open-site")
            metrics = (await running.client.get("/metrics", headers=running.owner)).text
            view = {"s": "open-site", "k": "view", "i": "0123456789abcdef", "u": "https://example.com/a", "v": "ann"}
            sent = await running.client.post("/e", json=view)
    told = [line for line in logged if line["event"] == "facts are refused"]
    assert [(line["log_level"], "disk_floor_bytes" in line["repair"]) for line in told] == [("error", True)]
    assert re.fullmatch(r"Facts are refused now: the disk is nearly full \(\d+ MiB left\)", warning)
    assert all("Facts are refused now: " in page.text for page in pages.values())
    assert "Facts are refused" not in seen.text
    assert ("footfall_accepting 0.0" in metrics, sent.status_code, int(sent.headers["retry-after"]) > 0) == (True, 503, True)


def test_each_change_is_logged_once() -> None:
    """Not each second, and not each number that a reason carries; every reason has a repair."""
    reasons = iter(["", "the disk is nearly full (9 MiB left)", "the disk is nearly full (8 MiB left)", "", "", "another one"])
    warnings = Warnings((), lambda: next(reasons))
    with capture_logs() as logged:
        for _ in range(6):
            warnings.tick()
    assert [line["event"] for line in logged] == ["facts are refused", "facts are taken again", "facts are refused"]
    assert all(line["repair"] for line in logged if line["log_level"] == "error")


@IN_ITS_LOOP
async def test_robots_are_asked_to_stay_out_and_machines_get_a_description(each_shared: Running) -> None:
    """robots.txt disallows everything; the description is OpenAPI 3.1 and names the doors."""
    assert (await each_shared.client.get("/robots.txt")).text == "User-agent: *\nDisallow: /\n"
    document = (await each_shared.client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert {"/e", "/p.gif", "/api/live/{site}", "/api/live/{site}/stream", "/healthz"} <= set(document["paths"])


@IN_ITS_LOOP
@pytest.mark.parametrize(
    "door",
    ["/api/live/{site}", "/api/people/{site}", "/api/pages/{site}", "/api/replay/{site}", "/api/count/{site}", "/embed/{site}",
     "/badge/{site}.svg", "/healthz"],
)  # fmt: skip
async def test_doors_answer_as_their_description_says(each_shared: Running, door: str) -> None:
    """With a kind of body that is named there, to all parameters at once, and of a site that is not there."""
    told = (await each_shared.client.get("/openapi.json")).json()["paths"][door]["get"]
    queries = {
        p["name"]: p["schema"].get("enum", ["/" if p["name"] == "path" else "1"])[0]
        for p in told["parameters"]
        if p["in"] == "query"
    }
    for site, status in (("open-site", 200), ("not-there", 404)):
        if "{site}" in door or status == 200:
            answer = await each_shared.client.get(door.format(site=site), params=queries, headers=each_shared.owner)
            assert answer.status_code == status
            kinds = told["responses"][str(status)].get("content", {"text/html": {}})
            assert answer.headers["content-type"].partition(";")[0] in kinds


@IN_ITS_LOOP
@pytest.mark.parametrize("path", ["/", "/s/open-site", "/healthz", "/robots.txt", "/openapi.json", "/nothing"])
async def test_head_is_get_without_a_body(shared: Running, path: str) -> None:
    """The same status and headers."""
    get, head = await shared.client.get(path), await shared.client.head(path)
    assert head.status_code == get.status_code
    assert head.content == b""
    assert {name for name in head.headers if name != "date"} == {name for name in get.headers if name != "date"}


async def test_a_fault_is_told_by_an_id_alone(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks inside, each door answers 500 in its own shape and gives nothing away."""

    def broken(*arguments: object) -> None:
        raise RuntimeError("the secret reason")

    async with serving() as running:
        monkeypatch.setattr(running.house.hub, "snapshot", broken)
        monkeypatch.setattr(running.house.intake, "collect", broken)
        monkeypatch.setattr(running.house.intake, "pixel", broken)
        pixel = await running.client.get("/p.gif?s=open-site")
        assert (pixel.status_code, pixel.content[:6]) == (500, b"GIF89a")
        api = await running.client.get("/api/live/open-site")
        facts = await post(running, view())
        assert api.status_code == facts.status_code == 500
        assert set(api.json()) == {"error"}
        assert facts.json()["errors"][0]["field"] == "server"
        assert facts.headers["access-control-allow-origin"] == "*"
        for answer in (api, facts):
            assert "secret" not in answer.text
            assert re.search(r"the log has it as [0-9a-f]{8}", answer.text)


@IN_ITS_LOOP
async def test_what_fits_no_door_is_told_in_the_shape_of_its_neighbours(each_shared: Running) -> None:
    """JSON below /api/, a page elsewhere, and Allow where only the method was wrong."""
    for method, path, status in (("GET", "/api/nothing", 404), ("POST", "/api/sites", 405)):
        answer = await each_shared.client.request(method, path)
        assert (answer.status_code, set(answer.json())) == (status, {"error"})
    answer = await each_shared.client.post("/healthz")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_folder_in_use_fails_the_start_with_its_repair(tmp_path: Path) -> None:
    """The server hears startup.failed with what a person can do, instead of going on without an application."""
    house = await open_house(Config(data_folder=tmp_path))
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message)

    await create_app(Config(data_folder=tmp_path))({"type": "lifespan"}, receive, send)
    await house.close()
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert "repair: stop process" in sent[0]["message"]


async def test_a_metrics_address_that_is_taken_is_named(serving: Serving, unused_tcp_port: int) -> None:
    """The setting is at fault and is called by its name."""
    async with await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", unused_tcp_port):
        with pytest.raises(InvalidInput, match="metrics_listen"):
            async with serving(metrics_listen=f"127.0.0.1:{unused_tcp_port}"):
                pass
