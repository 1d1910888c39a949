"""The owner's door to the sites: who may come in, what a change does, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import IN_ITS_LOOP, Running


@IN_ITS_LOOP
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/sites"),
        ("GET", "/api/sites/open-site"),
        ("PUT", "/api/sites/open-site"),
        ("DELETE", "/api/sites/open-site"),
        ("PUT", "/api/sites/open-site/content/post/hello"),
        ("POST", "/api/sites/open-site/link"),
        ("POST", "/api/verify"),
        ("POST", "/api/welcome"),
    ],
)
async def test_strangers_do_not_come_in(each_shared: Running, method: str, path: str) -> None:
    """Without the key and with a wrong one every door answers alike, and nothing changes."""
    for headers in ({}, {"authorization": "Bearer wrong-wrong-wrong-wrong"}):
        answer = await each_shared.client.request(method, path, headers=headers, json={"visibility": "private"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert (await each_shared.client.request(method, path.replace("open", "no"), headers=headers)).content == answer.content
    assert each_shared.house.sites["open-site"].visibility == "public"


async def test_a_site_is_added_changed_and_removed(running: Running) -> None:
    """201 for a new one, 200 for a change that leaves out what stays, and after removal nothing is known of it."""
    put = await running.client.put("/api/sites/blog", json={"hosts": ["Blog.Example"]}, headers=running.owner)
    assert (put.status_code, put.json()["hosts"], put.json()["visibility"]) == (201, ["blog.example"], "private")
    put = await running.client.put("/api/sites/blog", json={"visibility": "public"}, headers=running.owner)
    assert (put.status_code, put.json()["hosts"], put.json()["visibility"]) == (200, ["blog.example"], "public")
    listed = await running.client.get("/api/sites", headers=running.owner)
    assert [site["id"] for site in listed.json()["sites"]] == ["blog", "open-site", "shut-site"]
    assert (await running.client.get("/api/live/blog")).status_code == 200
    gone = await running.client.delete("/api/sites/blog", headers=running.owner)
    assert (gone.status_code, gone.json()) == (200, {"removed_views": 0})
    assert (await running.client.get("/api/live/blog")).status_code == 404
    assert (await running.client.delete("/api/sites/blog", headers=running.owner)).status_code == 404


@IN_ITS_LOOP
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/sites/Blog", b"{}", "id"),
        ("/api/sites/b", b"{}", "id"),
        ("/api/sites/api", b"{}", "id"),
        ("/api/sites/blog", b'{"hosts": ["https://blog.example"]}', "hosts"),
        ("/api/sites/blog", b'{"hosts": ["a b"]}', "hosts"),
        ("/api/sites/blog", b'{"hosts": ["localhost:3000"]}', "hosts"),  # facts name hosts without a port: it would match none
        ("/api/sites/blog", b'{"hosts": "blog.example"}', "body"),
        ("/api/sites/blog", b'{"grid": 0}', "grid"),
        ("/api/sites/blog", b'{"content": ["posts"]}', "content"),
        ("/api/sites/blog", b'{"content": [%s]}' % b",".join([b'"/posts"'] * 21), "content"),
        ("/api/sites/blog", b'{"grid": 31}', "grid"),
        ("/api/sites/blog", b'{"grid": NaN}', "body"),
        ("/api/sites/blog", b'{"grid": 1e999}', "body"),
        ("/api/sites/blog", b'{"visibility": "secret"}', "visibility"),
        ("/api/sites/blog", b'{"convex": "on"}', "convex"),
        ("/api/sites/blog", b'{"frames": ["https://blog.example; script-src *"]}', "frames"),
        ("/api/sites/blog", b'{"frames": ["javascript:x"]}', "frames"),
        ("/api/sites/blog", b'{"k": -1}', "k"),
        ("/api/sites/blog", b'{"patterns": ["blog"]}', "patterns"),
        ("/api/sites/blog", b'{"link": "mine"}', "link"),
        ("/api/sites/blog", b'{"window": 1800001}', "window"),
        ("/api/sites/blog", b'{"window": 9999}', "window"),
        ("/api/sites/blog", b'{"window": -1}', "window"),
        ("/api/sites/blog", b'{"pubic": true}', "body"),
        ("/api/sites/blog", b'{"name": "\xff"}', "body"),
        ("/api/sites/blog", b"", "body"),
        ("/api/sites/blog", b'{"name": "' + b"x" * (1 << 20) + b'"}', "body"),
        ("/api/sites/open-site/content/novel/a", b'{"title": "A"}', "kind"),
        ("/api/sites/open-site/content/post/" + "a" * 2049, b'{"title": "A"}', "slug"),
        ("/api/sites/open-site/content/post/a", b'{"title": "' + b"x" * 2049 + b'"}', "title"),
        ("/api/sites/open-site/content/post/a", b"{}", "body"),
    ],
)
async def test_what_does_not_fit_is_refused_by_name(each_shared: Running, path: str, body: bytes, field: str) -> None:
    """400 with the field and what was expected; no site appears."""
    answer = await each_shared.client.put(path, content=body, headers=each_shared.owner)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert answer.json()["error"].startswith(f"{field}: expected ")
    assert set(each_shared.house.sites) == {"open-site", "shut-site"}


async def test_what_is_published_gives_pages_their_titles(running: Running) -> None:
    """A post's title shows where its path is read; taken back, the path stands for itself."""
    view = {"s": "open-site", "k": "view", "i": "0123456789abcdef", "u": "https://example.com/hello"}
    agent = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}
    assert (await running.client.post("/e", json=view, headers=agent)).status_code == 204
    door = "/api/sites/open-site/content/post/hello"
    assert (await running.client.put(door, json={"title": "Hello <b>"}, headers=running.owner)).status_code == 200
    live = (await running.client.get("/api/live/open-site")).json()
    assert (live["posts"], live["pages"][0]["title"], live["pages"][0]["type"]) == (1, "Hello <b>", "blog")
    await running.client.put(door, json={"title": "Hello", "published": False}, headers=running.owner)
    live = (await running.client.get("/api/live/open-site")).json()
    assert (live["posts"], live["pages"][0]["title"]) == (0, "/hello")
    answer = await running.client.post("/api/verify", headers=running.owner)
    assert (answer.status_code, answer.json()) == (200, {"differences": []})


async def test_what_is_wrong_with_content_is_told_to_the_owner(running: Running, tmp_path: Path) -> None:
    """On the page of all sites, with the file's name; a stranger, who may ask how the server is, learns of no file."""
    folder = tmp_path / "posts"
    folder.mkdir()
    (folder / "a.md").write_text("---\ntitle: A\n---\n")
    (folder / "<b>.md").write_text("---\ntitle: [\n---\n")
    put = await running.client.put("/api/sites/open-site", json={"content": [str(folder)]}, headers=running.owner)
    assert (put.status_code, put.json()["content"]) == (200, [str(folder)])
    await running.house.contents.look()
    page = await running.client.get("/", headers=running.owner)
    assert "&lt;b&gt;.md: front matter: expected YAML" in page.text
    assert running.house.engine.fold.site("open-site").pages.posts == 1
    assert "posts" not in (await running.client.get("/healthz")).text
