"""Many of the original's clients at once, and a server that is killed under them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.chaos.process import Server

from .conftest import Connect, open_door, until

SUBSCRIBERS = 200
CALLS = 300
pytestmark = pytest.mark.slow


def test_two_hundred_subscribers_see_the_same(connect: Connect, server: Server, site: str) -> None:
    """Each gets every state that lasts, and all end with the same; many changes in a row come to few pushes."""
    watching, reading = connect("socket newest", server, site), connect("socket newest", server, site)
    watching.do("watch", clients=SUBSCRIBERS)
    until(lambda: all(seen["last"] for seen in watching.do("seen")))
    calls = [
        reading.begin("mutation", "stats:heartbeat", {"sessionId": f"s{n}", "currentPath": f"/{n % 7}"}) for n in range(CALLS)
    ]
    for call in calls:
        assert reading.end(call)["result"] is None
    until(lambda: all(seen["last"]["activeVisitors"] == CALLS for seen in watching.do("seen")))
    seen = watching.do("seen")
    assert all(one["last"] == seen[0]["last"] and not one["errors"] for one in seen)
    assert max(one["values"] for one in seen) < CALLS / 3


@pytest.mark.parametrize("kind", ["socket newest", "socket 1.16", "socket python"])
def test_a_killed_server_loses_and_doubles_nothing(connect: Connect, tmp_path: Path, kind: str) -> None:
    """Calls are under way, the server is killed and started again: all are answered, each counts once, and the statistics go
    on. The npm clients' calls are recognised when they come again; the Python client's are views of the same page then."""
    many = CALLS if kind != "socket python" else 40  # which calls one after the other
    folder, site = tmp_path / "data", "blog"
    server = Server(folder).ready()
    port = str(server.port)
    try:
        open_door(server, site)
        client = connect(kind, server, site)
        client.do("watch", clients=1)
        until(lambda: client.do("seen")[0]["last"])
        calls = []
        for n in range(many):
            view = {"path": f"/{n}", "pageType": "page", "sessionId": f"s{n}"}
            calls.append(client.begin("mutation", "stats:recordPageView", view))
        assert client.end(calls[0])["result"] is None
        server.kill()
        server = Server(folder, "--port", port).ready()
        for n, call in enumerate(calls[1:], 1):
            answer = client.end(call)
            if "error" in answer:  # the Python client gives up calls made at the moment that it loses its connection
                assert (kind, answer["error"]) == ("socket python", "channel closed")
                view = {"path": f"/{n}", "pageType": "page", "sessionId": f"s{n}"}
                until(lambda view=view: "result" in client.end(client.begin("mutation", "stats:recordPageView", view)))  # type: ignore[misc]
        until(lambda: client.do("seen")[0]["last"]["totalPageViews"] == many)
        assert server.differences() == []
        server.stop()
    finally:
        server.close()
    with duckdb.connect(str(folder / "history.duckdb"), read_only=True) as history:
        rows = history.execute("SELECT count(*), count(DISTINCT path), count(*) FILTER (counted) FROM facts").fetchone()
    assert rows is not None
    assert rows[1:] == (many, many)
    if kind != "socket python":
        assert rows[0] == many
