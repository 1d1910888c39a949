"""Goals, segments and annotations: five doors each, what they refuse, what a question makes of them, where they stay."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from footfall.definitions import MOST_ID
from footfall.model import Fact, Kind

from .conftest import IN_ITS_LOOP, Running, Serving

SITE = "/api/sites/open-site"
READERS = {"name": "Readers", "filters": [["contains", "event:page", ["/blog"]], ["is", "event:goal", ["Sign up"]]]}
GOAL = {"name": "Sign up", "event": "sign up"}
NOTE = {"at": "2026-11-29", "text": "Launch"}


async def call(running: Running, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Status and JSON, as the owner."""
    content = None if body is None else msgspec.json.encode(body)
    answer = await running.client.request(method, SITE + path, content=content, headers=running.owner)
    return answer.status_code, answer.json()


def nested(depth: int) -> list[Any]:
    """A filter within filters."""
    filter: list[Any] = ["is", "event:page", ["/"]]
    for _ in range(depth):
        filter = ["and", [filter]]
    return filter


async def test_five_doors(running: Running) -> None:
    """What is made has an id, which stays with it and is never another's."""
    assert await call(running, "POST", "/goals", GOAL) == (201, {**GOAL, "path": "", "id": 1})
    assert await call(running, "POST", "/segments", READERS) == (201, {**READERS, "id": 2})
    assert await call(running, "POST", "/annotations", NOTE) == (201, {**NOTE, "id": 3})
    assert await call(running, "GET", "/annotations") == (200, {"annotations": [{**NOTE, "id": 3}]})
    assert await call(running, "GET", "/segments/2") == (200, {**READERS, "id": 2})
    later = {"at": "2026-11-30T13:05", "text": "Launch, really"}
    assert await call(running, "PUT", "/annotations/3", later) == (200, {**later, "id": 3})
    assert await call(running, "DELETE", "/annotations/3") == (200, {**later, "id": 3})
    assert (await call(running, "DELETE", "/annotations/3"))[0] == 404
    assert (await call(running, "PUT", "/annotations/3", NOTE))[0] == 404
    assert (await call(running, "GET", "/annotations/2"))[0] == 404
    assert await call(running, "POST", "/annotations", NOTE) == (201, {**NOTE, "id": 4})
    assert (await running.client.get("/api/sites/no-site/goals", headers=running.owner)).status_code == 404


@IN_ITS_LOOP
@pytest.mark.parametrize(
    ("path", "body", "field", "said"),
    [
        ("/goals", {"name": "", "event": "x"}, "name", "1 to 120"),
        ("/goals", {"name": "x" * 121, "event": "x"}, "name", "1 to 120"),
        ("/goals", {"name": "x"}, "event", "either"),
        ("/goals", {"name": "x", "event": "a", "path": "/"}, "event", "either"),
        ("/goals", {"name": "x", "path": "/" * 2049}, "path", "2048"),
        ("/goals", {"name": "Taken", "event": "a"}, "name", "no other goal"),
        ("/goals", {"name": "x", "evnt": "a"}, "body", "evnt"),
        ("/goals", {"name": 1, "event": "a"}, "body", "$.name"),
        ("/goals", [], "body", "object"),
        ("/segments", {"name": "x", "filters": []}, "filters", "at least one"),
        ("/segments", {"name": "x", "filters": [["is", "event:page", ["x" * 4096]]]}, "filters", "4096"),
        ("/segments", {"name": "x", "filters": [["is", "event:page", ["/"]], ["is", "x", ["/"]]]}, "dimensions", "#/filters/1"),
        ("/segments", {"name": "x", "filters": [["is", "segment", [1]]]}, "filters", "#/filters/0"),
        ("/segments", {"name": "x", "filters": [["matches", "event:page", ["("]]]}, "filters", "#/filters/0"),
        ("/segments", {"name": "x", "filters": [["is", "event:goal", ["Nothing"]]]}, "filters", "Nothing"),
        ("/segments", {"name": "x", "filters": [7]}, "filters", "#/filters/0"),
        ("/segments", {"name": "x", "filters": [["is", "event:page", ["/"], 7]]}, "filters", "#/filters/0"),
        ("/segments", {"name": "x", "filters": [nested(12)]}, "filters", "#/filters/0"),
        ("/segments", {"name": "x", "filters": [nested(300)]}, "filters", "#/filters/0"),
        ("/annotations", {"at": "29.11.2026", "text": "x"}, "at", "2026-11-29"),
        ("/annotations", {"at": "2026-02-30", "text": "x"}, "at", "2026-11-29"),
        ("/annotations", {"at": "2026-11-29T13:05Z", "text": "x"}, "at", "by the site's clock"),
        ("/annotations", {"at": "\uff12\uff10\uff12\uff16-11-29", "text": "x"}, "at", "2026-11-29"),
        ("/annotations", {"at": "2026-11-29", "text": " "}, "text", "1 to 200"),
        ("/annotations", {"at": "2026-11-29", "text": "x" * 201}, "text", "1 to 200"),
    ],
)
async def test_what_does_not_fit_is_named(shared: Running, path: str, body: object, field: str, said: str) -> None:
    """400 with the field and the place, whether it is new or another's place it takes; nothing changes."""
    await call(shared, "PUT", "", {"goals": [{"name": "Taken", "event": "t"}]})
    before = shared.house.sites["open-site"]
    status, answer = await call(shared, "POST", path, body)
    assert (status, answer["field"], said in answer["error"]) == (400, field, True), answer
    assert shared.house.sites["open-site"] is before


async def test_what_is_nested_deep_is_refused(serving: Serving) -> None:
    """By both doors that read filters, wherever JSON, Python or the rules end."""
    async with serving() as running:
        for depth in (11, 100, 200, 300, 400, 450, 480, 500, 600, 900, 5_000):
            filter = '["and", [' * depth + '["is", "event:page", ["/"]]' + "]]" * depth
            segment = f'{{"name": "x", "filters": [{filter}]}}'
            query = f'{{"site_id": "open-site", "metrics": ["visitors"], "date_range": "day", "filters": [{filter}]}}'
            for door, body in (("/api/sites/open-site/segments", segment), ("/api/v2/query", query)):
                answer = await running.client.post(door, content=body, headers=running.owner)
                assert answer.status_code == 400, (door, depth)


async def test_there_are_not_too_many(serving: Serving) -> None:
    """A hundred of each, also when many are made at once."""
    async with serving() as running:
        made = await asyncio.gather(*(call(running, "POST", "/annotations", NOTE) for _ in range(101)))
        assert sorted(status for status, _ in made) == [201] * 100 + [400]
        assert len({one["id"] for status, one in made if status == 201}) == 100


async def test_they_come_with_the_site_as_a_whole(running: Running) -> None:
    """PUT of a site replaces them and keeps ids that it is given; what does not fit is named with its place."""
    status, site = await call(
        running, "PUT", "", {"segments": [{"name": "A", "filters": [["is", "event:page", ["/"]]], "id": 7}]}
    )
    assert (status, site["segments"][0]["id"], site["numbered"]) == (200, 7, 7)
    assert (await call(running, "POST", "/goals", GOAL))[1]["id"] == 8
    for wrong, field in (
        ({"annotations": [NOTE, {"at": "", "text": "x"}]}, "annotations[1].at"),
        ({"goals": [{**GOAL, "id": 1}, {**GOAL, "id": 1}]}, "goals"),
        ({"goals": [{**GOAL, "id": -1}]}, "goals"),
        ({"segments": [{"name": "A", "filters": [["is", "x", ["/"]]]}]}, "segments[0].dimensions"),
        ({"numbered": 3}, "body"),
    ):
        status, answer = await call(running, "PUT", "", wrong)
        assert (status, answer["field"]) == (400, field)
    assert (await call(running, "PUT", "", {"name": "Another"}))[1]["segments"] == site["segments"]


async def test_a_question_names_a_segment(running: Running) -> None:
    """It stands for its filters, also those about goals; several are any of them; what is told is what was sent."""
    engine = running.house.engine
    await call(running, "POST", "/goals", GOAL)
    await call(running, "POST", "/segments", READERS)
    await call(running, "POST", "/segments", {"name": "Home", "filters": [["is", "event:page", ["/"]]]})
    for visitor, path, name in ((1, "/", ""), (2, "/blog/a", "sign up"), (3, "/blog/b", "")):
        kind = Kind.EVENT if name else Kind.VIEW
        await engine.record([Fact("open-site", kind, visitor, visitor << 40, "script", engine.now(), 0, path, name=name)])

    async def visitors(*filters: Any) -> Any:
        body = {"site_id": "open-site", "metrics": ["visitors"], "date_range": "day", "filters": filters}
        answer = await running.client.post("/api/v2/query", json=body, headers=running.owner)
        told = answer.json()
        if answer.status_code != 200:
            return told["error"]
        assert told["query"]["filters"] == list(filters)
        return told["results"][0]["metrics"][0]

    assert await visitors(["is", "segment", [2]]) == 1
    assert await visitors(["is", "segment", [3]]) == 1
    assert await visitors(["not", ["is", "segment", [3]]]) == 2
    assert await visitors(["is", "segment", [3]], ["is", "segment", [2]]) == 0
    assert "top level" in await visitors(["is", "segment", [2, 3]])  # a goal among alternatives, as without segments
    assert "#/filters/0" in await visitors(["is_not", "segment", [3]])
    for unknown in (["is", "segment", [9]], ["is", "segment", ["3"]], ["is", "segment", [True]], ["is", "segment", []]):
        assert "#/filters/0" in await visitors(unknown)
    await call(running, "DELETE", "/goals/1")
    assert "Sign up" in await visitors(["is", "segment", [2]])


async def test_a_segment_outlives_its_goal(running: Running) -> None:
    """The site can be put as it was told, as an import does; a segment that is made names goals that there are."""
    await call(running, "POST", "/goals", GOAL)
    await call(running, "POST", "/segments", READERS)
    await call(running, "DELETE", "/goals/1")
    segments = (await call(running, "GET", "/segments"))[1]
    status, site = await call(running, "PUT", "", segments)
    assert (status, site["segments"]) == (200, segments["segments"])
    assert (await call(running, "PUT", "/segments/2", {**READERS, "name": "Others"}))[0] == 400


async def test_they_stay(serving: Serving) -> None:
    """Past a restart; goals of a site that was kept before they had ids get some."""
    async with serving() as running:
        await call(running, "POST", "/segments", {"name": "Home", "filters": [["is", "event:page", ["/"]]]})
        old = b'{"id": "old", "goals": [{"name": "A", "event": "a", "path": ""}, {"name": "B", "event": "b", "path": ""}]}'
        await running.house.registry.put("site", "old", old)
    async with serving() as running:  # whose sites are put anew when it opens: what is asked is what was read before
        assert [goal.id for goal in running.house.sites["old"].goals] == [1, 2]


async def test_numbers_go_on_behind_the_highest_that_may_be_given(serving: Serving) -> None:
    """Such a site is not in the way of a change, nor of the next start."""
    async with serving() as running:
        given = {"goals": [{**GOAL, "id": MOST_ID}]}
        await running.client.put("/api/sites/numbered", json=given, headers=running.owner)
        for name in ("A", "B"):
            goal = {"name": name, "event": "a"}
            answer = await running.client.post("/api/sites/numbered/goals", json=goal, headers=running.owner)
            assert answer.status_code == 201
    async with serving() as running:
        assert [goal.id for goal in running.house.sites["numbered"].goals] == [MOST_ID, MOST_ID + 1, MOST_ID + 2]
        given = {"goals": [{**GOAL, "id": MOST_ID + 9}]}
        answer = await running.client.put("/api/sites/numbered", json=given, headers=running.owner)
        assert answer.status_code == 400
