"""The original's clients, unchanged, do what they did: every kind of them alike."""

from __future__ import annotations

import pytest

from tests.chaos.process import Server

from .conftest import KINDS, Connect, until

VIEW = {"path": "/a", "pageType": "blog", "sessionId": "s1"}
BEAT = {"sessionId": "s1", "currentPath": "/a", "city": "Zürich", "country": "CH", "latitude": 47.4, "longitude": -0.0}
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_counts_and_reads(connect: Connect, server: Server, site: str, kind: str) -> None:
    """Views and heartbeats are taken, statistics come back with the original's shape, errors name the field."""
    client = connect(kind, server, site)
    assert client.do("mutation", "stats:recordPageView", VIEW) is None
    assert client.do("mutation", "stats:recordPageView", VIEW) is None
    assert client.do("mutation", "stats:heartbeat", BEAT) is None
    found = client.do("query", "stats:getStats")
    assert (found["totalPageViews"], found["uniqueVisitors"], found["activeVisitors"]) == (1, 1, 1)
    assert found["activeByPath"] == [{"path": "/a", "count": 1}]
    assert found["pageStats"] == [{"path": "/a", "title": "/a", "pageType": "other", "views": 1}]
    assert found["visitorLocations"] == [{"latitude": 47.4, "longitude": 0, "city": "Zürich", "country": "CH"}]
    assert found["trackingSince"] > 1.7e12
    assert "path" in client.fail("mutation", "stats:recordPageView", {"pageType": "", "sessionId": "s"})
    assert "latitude" in client.fail("mutation", "stats:heartbeat", {**BEAT, "latitude": "47"})
    assert "stats:nothing" in client.fail("mutation", "stats:nothing")
    assert "Query" in client.fail("mutation", "stats:getStats")
    assert "stats:cleanupStaleSessions" in client.fail("mutation", "stats:cleanupStaleSessions")
    assert "stats:getStats" in client.fail("action", "stats:getStats")
    assert "limit" in client.fail("query", "stats:getStats", {"limit": 1})
    if kind == "http newest":
        assert client.do("consistent", "stats:getStats")["totalPageViews"] == 1
    assert server.snapshot(site)["views"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_owner_calls_what_is_internal(connect: Connect, server: Server, site: str, kind: str) -> None:
    """With the owner's key a client cleans up and backfills; what a chunk walked is told."""
    client = connect(kind, server, site)
    client.do("admin", key=server.key)
    assert client.do("mutation", "stats:backfillAggregates") == {"message": "No pageViews to backfill"}
    client.do("mutation", "stats:recordPageView", VIEW)
    assert client.do("mutation", "stats:backfillAggregates") == {"message": "Backfill started. Check logs for progress."}
    assert client.do("mutation", "stats:cleanupStaleSessions") == 0
    chunk: dict[str, object] = {"cursor": None, "totalProcessed": 0, "seenSessionIds": []}
    told = {"status": "complete", "processed": 1, "uniqueSessions": 1, "cursor": None}
    assert client.do("mutation", "stats:backfillAggregatesChunk", chunk) == told
    until(lambda: '"backfill"' in server.log)


@pytest.mark.parametrize("kind", ["socket newest", "socket 1.16", "socket python"])
def test_who_watches_is_told(connect: Connect, server: Server, site: str, kind: str) -> None:
    """A subscription gets what there is, and then each change."""
    watching, reading = connect(kind, server, site), connect("http python", server, site)
    watching.do("watch", clients=2)
    until(lambda: all(seen["last"] for seen in watching.do("seen")))
    reading.do("mutation", "stats:heartbeat", BEAT)
    until(lambda: all(seen["last"]["activeVisitors"] == 1 for seen in watching.do("seen")))
    reading.do("mutation", "stats:recordPageView", VIEW)
    until(lambda: all(seen["last"]["totalPageViews"] == 1 for seen in watching.do("seen")))
