"""What each of the owner's doors takes: the table that the guard reads, the doors that there are, what docs say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from starlette.routing import Route

from footfall.http.owners import CALLS_AT_ONCE
from footfall.http.scopes import OWNER, SCOPES
from footfall.keys import SCOPES as OF_KEYS

from .conftest import Running, Serving

WIRE = Path(__file__).parents[2] / "docs" / "wire.md"
FILLED = {"site": "open-site", "id": "77", "kind": "post", "slug:path": "a", "table": "posts"}


def address(path: str, site: str = "open-site") -> str:
    """A path with something in its places."""
    return re.sub(r"\{(.*?)\}", lambda place: {**FILLED, "site": site}[place[1]], path)


async def made(running: Running, scope: str, site: str = "") -> dict[str, str]:
    """The headers of a new key."""
    body = {"name": "a test", "site": site, "scope": scope}
    answer = await running.client.post("/api/keys", json=body, headers=running.owner)
    return {"authorization": f"Bearer {answer.json()['key']}"}


def expected(method: str, path: str, scope: str, of_one_site: bool) -> bool:
    """Whether a key is let in."""
    takes = SCOPES[method, path]
    enough = takes.scope != OWNER and OF_KEYS.index(takes.scope) <= OF_KEYS.index(scope)
    return enough and not (takes.everywhere and of_one_site)


async def test_every_door_asks_for_its_scope(serving: Serving) -> None:
    """Each door, each scope, a key of this site and one of all: what is let in meets the door, all else 403 and why."""
    async with serving() as running:
        for site in ("open-site", ""):
            for scope in OF_KEYS:
                for at, (method, path) in enumerate(SCOPES):
                    if at % (CALLS_AT_ONCE - 1) == 0:
                        key = await made(running, scope, site)
                    answer = await running.client.request(method, address(path), content=b"!", headers=key)
                    let_in = expected(method, path, scope, bool(site))
                    assert (answer.status_code != 403) == let_in, (method, path, scope, site, answer.text)
                    if not let_in:
                        assert "this " in answer.json()["error"]
            await running.client.put("/api/sites/open-site", json={}, headers=running.owner)  # the last key removed it


async def test_of_another_site_there_is_nothing(running: Running) -> None:
    """404, byte for byte as where there is no site, whatever the scope."""
    for scope in OF_KEYS:
        key = await made(running, scope, "shut-site")
        for method, path in SCOPES:
            if "{site}" in path:
                there = await running.client.request(method, address(path), headers=key)
                nowhere = await running.client.request(method, address(path, "nowhere"), headers=key)
                assert (there.status_code, there.content) == (404, nowhere.content), (method, path, scope)


async def test_a_key_of_one_site_names_no_folder_of_the_server(running: Running) -> None:
    """Whose files those are it need not know; all else of its site it may change."""
    own, of_all = await made(running, "admin", "open-site"), await made(running, "admin")
    before = running.house.sites["open-site"]
    for method in ("PUT", "PATCH"):
        for folders in (["/srv/other"], []):
            answer = await running.client.request(method, "/api/sites/open-site", json={"content": folders}, headers=own)
            assert (answer.status_code, "folders" in answer.json()["error"]) == (403, True)
    assert running.house.sites["open-site"] is before
    for headers in (of_all, running.owner):
        answer = await running.client.patch("/api/sites/open-site", json={"content": ["/srv/posts"]}, headers=headers)
        assert answer.json()["content"] == ["/srv/posts"]


async def test_a_site_takes_its_keys_along(running: Running) -> None:
    """When it is removed: one of the same name later is another site."""
    own, of_all = await made(running, "admin", "shut-site"), await made(running, "admin")
    assert (await running.client.get("/api/sites/shut-site", headers=own)).status_code == 200
    assert (await running.client.delete("/api/sites/shut-site", headers=of_all)).status_code == 200
    assert (await running.client.put("/api/sites/shut-site", json={}, headers=of_all)).status_code == 201
    assert (await running.client.get("/api/sites/shut-site", headers=own)).status_code == 401
    assert (await running.client.patch("/api/sites/shut-site", json={"name": "New"}, headers=of_all)).json()["name"] == "New"
    assert (await running.client.patch("/api/sites/no-site", json={"name": "New"}, headers=of_all)).status_code == 404


async def test_nobody_comes_in(running: Running) -> None:
    """401 without a key and with a revoked one; the same for every site, so that nobody learns which there are."""
    key = await made(running, "admin")
    id = (await running.client.get("/api/keys", headers=running.owner)).json()["keys"][-1]["id"]
    await running.client.delete(f"/api/keys/{id}", headers=running.owner)
    for headers in ({}, key):
        for method, path in SCOPES:
            if headers and (method != "GET" or path.endswith("/{id}")):
                continue  # of wrong keys there may be twenty
            answer = await running.client.request(method, address(path), headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (method, path)
            nowhere = await running.client.request(method, address(path, "nowhere"), headers=headers)
            assert nowhere.content == answer.content


async def test_limits_are_told(serving: Serving) -> None:
    """429 with Retry-After: a key that asks too often, an address with too many wrong keys. The owner goes on."""
    async with serving() as running:
        door, key = "/api/sites/open-site/goals", await made(running, "read")
        answers = [await running.client.get(door, headers=key) for _ in range(2 * CALLS_AT_ONCE)]
        assert {answer.status_code for answer in answers} == {200, 429}
        assert int(answers[-1].headers["retry-after"]) >= 1
        wrong = {"authorization": "Bearer footfall_wrong"}
        answers = [await running.client.get(door, headers=wrong) for _ in range(30)]
        assert [answer.status_code for answer in answers][:20] == [401] * 20
        assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, "60")
        assert (await running.client.get(door, headers=running.owner)).status_code == 200


async def test_the_table_is_whole(running: Running) -> None:
    """It has the doors that there are, and no other; docs say the same; OpenAPI describes each."""
    assert running.app._doors is not None
    paths = {path for _, path in SCOPES}
    routes = {
        (method, route.path)
        for route in running.app._doors._router.routes
        if isinstance(route, Route) and route.path in paths
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routes == set(SCOPES)
    assert dict(told()) == {f"{method} {path}": takes for (method, path), takes in SCOPES.items()}
    described = (await running.client.get("/openapi.json")).json()["paths"]
    missing = {(method, path) for method, path in SCOPES if method.lower() not in described.get(plain(path), {})}
    assert not missing


def plain(path: str) -> str:
    """As OpenAPI writes it."""
    return path.replace(":path}", "}")


def told() -> Iterator[tuple[str, tuple[str, bool]]]:
    """The rows of the table in docs/wire.md, by door."""
    for doors, scope, everywhere in re.findall(
        r"^\| (`.*`) \| (\w+)(, for all sites)? \|", WIRE.read_text("utf-8"), re.MULTILINE
    ):
        if scope in (*OF_KEYS, OWNER):
            for methods, path in re.findall(r"`([A-Z, ]+) (/\S+)`", doors):
                for method in methods.split(", "):
                    yield f"{method} {path}", (scope, bool(everywhere))
