"""Questions over HTTP: exact answers, Plausible's words for what cannot be answered, who may ask, and what v1 makes of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from footfall.housekeeping import sweep
from footfall.http import asking
from footfall.model import Erase, Fact, Goal, Import, Kind, Site
from footfall.query.reading import read
from footfall.questions import Questions
from footfall.rules import DAY, HOUR, MINUTE

from .conftest import IN_ITS_LOOP, Running, Serving, serve

NOON = 1_771_070_400_000  # of Saturday, 14 February 2026, UTC
SITE = Site("asked", hosts=("asked.example",), timezone="Europe/Berlin", goals=(Goal("Sign up", event="sign up"),))


@dataclass
class Clock:
    """A clock that is set."""

    now: int

    def __call__(self) -> int:
        return self.now


@dataclass(frozen=True)
class Asked:
    """A server with a past: yesterday two visits that are rows by now, today one that is open."""

    running: Running
    clock: Clock

    async def query(self, headers: dict[str, str] | None = None, **body: Any) -> Any:
        """The answer's status and JSON."""
        asked = {"site_id": "asked", "metrics": ["visitors"], "date_range": "day"} | body
        answer = await self.running.client.post("/api/v2/query", json=asked, headers=headers or self.running.owner)
        return answer.status_code, answer.json()

    async def results(self, **body: Any) -> list[Any]:
        """Its lines, as (dimensions, metrics)."""
        status, answer = await self.query(**body)
        assert status == 200, answer
        return [(line["dimensions"], line["metrics"]) for line in answer["results"]]

    async def get(self, door: str, **query: Any) -> Any:
        """A door of v1."""
        answer = await self.running.client.get(f"/api/v1/{door}", params=query, headers=self.running.owner)
        return answer.status_code, answer.json()


@asynccontextmanager
async def with_a_past(folder: Path) -> AsyncIterator[Asked]:
    clock, numbers = Clock(NOON - DAY), iter(range(1, 100))
    async with serve(folder, clock=clock) as running:
        await running.house.put_site(SITE)

        async def tell(visitor: int, path: str, kind: Kind = Kind.VIEW, **more: Any) -> None:
            clock.now += MINUTE
            id = next(numbers) << 40
            fact = Fact("asked", kind, visitor, id, "script", clock.now, 0, path, source="Google", country="DE", **more)
            await running.house.engine.record([fact])

        await tell(1, "/")
        await tell(1, "/a")
        await tell(1, "/a", Kind.EVENT, name="sign up", props={"plan": "pro"})
        await tell(2, "/")
        clock.now = NOON - 2 * HOUR
        await sweep(running.house.engine)
        await tell(1, "/a")
        await tell(1, "/a", Kind.LEAVE, engaged=30_000, scroll=80)
        clock.now += MINUTE
        yield Asked(running, clock)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asked]:
    """One for all tests that only ask; they are marked IN_ITS_LOOP."""
    async with with_a_past(tmp_path_factory.mktemp("asked") / "data") as found:
        yield found


@pytest.fixture
async def changed(tmp_path: Path) -> AsyncIterator[Asked]:
    """One for a test that also tells or sets something."""
    async with with_a_past(tmp_path / "data") as found:
        yield found


@IN_ITS_LOOP
async def test_metrics_of_rows_and_of_what_is_open(asked: Asked) -> None:
    """Yesterday's visits are rows, today's is still open."""
    metrics = ["visitors", "visits", "pageviews", "events", "views_per_visit", "bounce_rate", "visit_duration"]
    assert await asked.results(metrics=metrics, date_range=["2026-02-13", "2026-02-13"]) == [([], [2, 2, 3, 4, 1.5, 50, 60])]
    assert await asked.results(metrics=metrics) == [([], [1, 1, 1, 1, 1.0, 100, 60])]
    assert await asked.results(metrics=["time_on_page", "scroll_depth"], dimensions=["event:page"]) == [(["/a"], [30, 80])]
    assert await asked.results(metrics=["people_peak"]) == [([], [1])]


@IN_ITS_LOOP
async def test_groups_filters_goals_and_pages(asked: Asked) -> None:
    """By page, by goal, by property, by step of time; filtered, ordered, paged."""
    week = {"date_range": ["2026-02-09", "2026-02-14"], "metrics": ["visitors", "pageviews"]}
    assert await asked.results(**week, dimensions=["event:page"]) == [(["/"], [2, 2]), (["/a"], [1, 2])]
    assert await asked.results(**week, dimensions=["event:page"], order_by=[["event:page", "desc"]]) == [
        (["/a"], [1, 2]),
        (["/"], [2, 2]),
    ]
    assert await asked.results(**week, dimensions=["event:page"], pagination={"limit": 1, "offset": 1}) == [(["/a"], [1, 2])]
    assert await asked.results(**week, dimensions=["time:day"]) == [(["2026-02-13"], [2, 3]), (["2026-02-14"], [1, 1])]
    assert await asked.results(**week, dimensions=["visit:source"], filters=[["is", "event:page", ["/a"]]]) == [
        (["Google"], [1, 2])
    ]
    assert await asked.results(**week, filters=[["has_not_done", ["is", "event:name", ["sign up"]]]]) == [([], [2, 2])]
    assert await asked.results(**week | {"metrics": ["visitors", "conversion_rate"]}, dimensions=["event:goal"]) == [
        (["Sign up"], [1, 50.0])
    ]
    assert await asked.results(**week | {"metrics": ["events"]}, dimensions=["event:props:plan"]) == [
        (["(not set)"], [4]),
        (["pro"], [1]),
    ]


@IN_ITS_LOOP
async def test_the_reply_says_how_it_was_understood(asked: Asked) -> None:
    """In the protocol's order of keys, with what was asked to come along."""
    status, answer = await asked.query(
        dimensions=["time:day"],
        date_range=["2026-02-12", "2026-02-14"],
        include={"time_labels": True, "total_rows": True, "totals": True, "imports": False},
    )
    assert status == 200
    assert list(answer) == ["results", "meta", "query"]
    assert answer["meta"] == {"time_labels": ["2026-02-12", "2026-02-13", "2026-02-14"], "total_rows": 2, "totals": [2]}
    assert answer["query"] == {
        "site_id": "asked",
        "metrics": ["visitors"],
        "date_range": ["2026-02-12T00:00:00+01:00", "2026-02-14T23:59:59+01:00"],
        "filters": [],
        "dimensions": ["time:day"],
        "order_by": [["time:day", "asc"], ["visitors", "desc"]],
        "include": {"time_labels": True, "total_rows": True, "totals": True},
        "pagination": {"limit": 10_000, "offset": 0},
    }


@IN_ITS_LOOP
async def test_comparisons(asked: Asked) -> None:
    """Each line beside its like of the day before."""
    include = {"comparisons": {"mode": "previous_period"}}
    _, answer = await asked.query(metrics=["visitors", "bounce_rate"], dimensions=["event:page"], include=include)
    assert answer["results"] == [
        {
            "dimensions": ["/a"],
            "metrics": [1, 100],
            "comparison": {"dimensions": ["/a"], "metrics": [1, None], "change": [0, None]},
        }
    ]
    soon = {"comparisons": {"mode": "previous_period", "elapsed": True}}  # two of yesterday came later than it is now
    _, answer = await asked.query(metrics=["visitors"], include=soon)
    assert answer["results"][0]["comparison"] == {"dimensions": [], "metrics": [0], "change": [100]}
    _, answer = await asked.query(metrics=["visitors"], dimensions=["time:day"], include=include)
    assert answer["results"][0]["comparison"] == {"dimensions": ["2026-02-13"], "metrics": [2], "change": [-50]}


async def test_visitors_without_a_name_are_counted_once_per_day(changed: Asked) -> None:
    """A site with both kinds says so; of one day there is nothing to say."""
    fact = Fact("asked", Kind.VIEW, 9, 9, "script", changed.clock.now, 0, "/", storageless=True)
    await changed.running.house.engine.record([fact])
    _, answer = await changed.query(date_range=["2026-02-13", "2026-02-14"])
    assert answer["meta"]["metric_warnings"]["visitors"]["code"] == "counted_once_per_day"
    _, answer = await changed.query(date_range=["2026-02-14T10:00:00Z", "2026-02-14T12:00:00Z"])
    assert answer["meta"] == {}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"metrics": ["x"]}, '#/metrics/0: Invalid metric "x"'),
    ({"metrics": []}, "#/metrics: Expected at least one metric."),
    ({"dimensions": ["visit:x"]}, '#/dimensions/0: Invalid dimension "visit:x"'),
    ({"dimensions": ["event:props:"]}, '#/dimensions/0: Invalid dimension "event:props:"'),
    ({"filters": [["is", "event:page"]]}, "#/filters/0: Invalid filter ['is', 'event:page']"),
    ({"filters": [["matches", "event:page", ["("]]]}, 'Invalid regular expression "(" (missing ): ()'),
    ({"filters": [["is", "event:goal", ["Buy"]]]}, "The goal `Buy` is not configured for this site."),
    ({"filters": [["is", "time:day", ["2026-01-01"]]]}, "cannot be filtered"),
    ({"filters": [["has_done", ["is", "visit:source", ["x"]]]]}, "Behavioral filters can only be about event dimensions"),
    ({"date_range": "fortnight"}, "date_range: expected one of"),
    ({"date_range": ["2026-02-02", "2026-02-01"]}, "date_range: expected a beginning that is not after the end"),
    ({"order_by": [["visits", "desc"]]}, "Invalid order_by entry 'visits'"),
    ({"metrics": ["conversion_rate"]}, "can only be queried with event:goal filters or dimensions"),
    ({"metrics": ["bounce_rate"], "dimensions": ["event:title"]}, "Session metric(s) `bounce_rate` cannot be queried"),
    ({"metrics": ["people"], "dimensions": ["visit:os"]}, "Metric `people` cannot be queried with dimension `visit:os`"),
    ({"include": {"time_labels": True}}, "Invalid include.time_labels: requires a time dimension."),
    ({"include": {"comparisons": {"mode": "previous_period", "elapsed": 1}}}, "elapsed are booleans"),
    ({"include": {"comparisons": {"mode": "custom"}}}, "Expected a date_range if the mode is custom"),
    ({"pagination": {"limit": 0}}, "#/pagination/limit"),
    ({"surprise": 1}, "#/surprise: Schema does not allow additional properties."),
    ({"date_range": "all", "dimensions": ["time:minute"], "site_id": ""}, "Missing site ID"),
]


@IN_ITS_LOOP
async def test_what_cannot_be_answered(asked: Asked) -> None:
    """400, and what is wrong."""
    for body, error in REFUSED:
        status, answer = await asked.query(**body)
        assert (status, error in answer["error"]) == (400, True), (body, answer)


TEXTS = ["\\u0000", "\\ud800", "%", "'", "\\\\", "\\u202e", "?", "{}", "a" * 20_000]


@IN_ITS_LOOP
async def test_any_text_is_only_a_text(asked: Asked) -> None:
    """Whatever a value is: there is an answer, and nothing of it counts; or it is no JSON."""
    for text in TEXTS:
        filters = [
            f'["{op}", "{name}", ["{text}"]]' for op in ("is", "contains") for name in ("event:page", f"event:props:{text}")
        ]
        body = (
            f'{{"site_id": "asked", "metrics": ["visitors"], "date_range": "day", "filters": [["and", [{", ".join(filters)}]]]}}'
        )
        answer = await asked.running.client.post("/api/v2/query", content=body, headers=asked.running.owner)
        if "ud800" in text or len(text) > 10_000:
            assert answer.status_code == 400
        else:
            assert (answer.status_code, answer.json()["results"]) == (200, [{"dimensions": [], "metrics": [0]}])


@IN_ITS_LOOP
async def test_a_body_that_is_no_question(asked: Asked) -> None:
    """Not JSON, too deep, too long, not an object."""
    for body in (b"{", b"[" * 60_000, b" " * 70_000, b"[]", b"7", b'{"site_id": 7}', b"\xff"):
        answer = await asked.running.client.post("/api/v2/query", content=body, headers=asked.running.owner)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])


@pytest.mark.slow
async def test_an_answer_is_never_behind_what_was_acknowledged(changed: Asked) -> None:
    """Asked at once after each acknowledgement, while history is still being filled."""
    for number in range(1, 30):
        fact = Fact("asked", Kind.VIEW, 100 + number, 100 + number, "script", changed.clock.now, 0, "/new")
        await changed.running.house.engine.record([fact])
        body: dict[str, Any] = {"metrics": ["visitors", "visits"], "filters": [["is", "visit:entry_page", ["/new"]]]}
        assert await changed.results(**body) == [([], [number, number])]
        assert await changed.results(**body, dimensions=["event:page"]) == [(["/new"], [number, number])]


async def test_an_answer_is_kept_while_nothing_comes_in(changed: Asked) -> None:
    """Asked again it is the same one; after the next fact it is another."""
    engine = changed.running.house.engine
    questions = Questions(engine)
    changed.running.house.listeners.append(questions.changed)
    question = read({"metrics": ["visitors"], "date_range": "day"}, SITE, engine.now(), None).question
    first = await questions.ask(question)
    assert await questions.ask(question) is first
    await engine.record([Fact("other", Kind.VIEW, 9, 8, "script", changed.clock.now, 0, "/")])
    assert await questions.ask(question) is first
    await engine.record([Fact("asked", Kind.VIEW, 9, 9, "script", changed.clock.now, 0, "/")])
    assert [line.metrics for line in (await questions.ask(question)).lines] == [[2]]


async def test_an_answer_about_what_is_behind_is_kept_until_its_rows_change(changed: Asked) -> None:
    """New facts cannot change it; an import and an erase can."""
    engine, now = changed.running.house.engine, changed.clock.now
    questions = Questions(engine)
    changed.running.house.listeners.append(questions.changed)
    question = read({"metrics": ["visitors"], "date_range": "7d"}, SITE, engine.now(), None).question
    first = await questions.ask(question)
    await engine.record([Fact("asked", Kind.VIEW, 9, 9, "script", now, 0, "/")])
    assert await questions.ask(question) is first
    ((visitors,),) = (line.metrics for line in first.lines)
    assert visitors
    await engine.command(Import("asked", now, (Fact("asked", Kind.VIEW, 77, 77, "script", now - 2 * DAY, 0, "/"),)))
    assert [line.metrics for line in (await questions.ask(question)).lines] == [[visitors + 1]]
    await engine.command(Erase("asked", now, visitor=77))
    assert [line.metrics for line in (await questions.ask(question)).lines] == [[visitors]]


async def test_of_many_pages_those_with_most_people_are_found(changed: Asked) -> None:
    """However many rows they have: some pages have many views by the same person, others few by many."""
    engine, now = changed.running.house.engine, changed.clock.now
    paths = [(f"/same{page}", 1) for page in range(3) for _ in range(40 + page)] + [
        (f"/p{page}", 100 + person) for page in range(30) for person in range(page + 1)
    ]
    facts = [Fact("asked", Kind.VIEW, person, 1000 + n, "script", now, 0, path) for n, (path, person) in enumerate(paths)]
    await engine.record(facts)
    body: dict[str, Any] = {"dimensions": ["event:page"], "include": {"total_rows": True}}
    for limit, offset in ((1, 0), (3, 0), (2, 5), (10, 25)):
        status, answer = await changed.query(**body, pagination={"limit": limit, "offset": offset})
        assert status == 200
        expected = [([f"/p{page}"], [page + 1]) for page in range(29, 0, -1)][offset : offset + limit]
        found = [(line["dimensions"], line["metrics"]) for line in answer["results"]]
        assert found[: len(expected)] == expected
        assert answer["meta"]["total_rows"] >= 33


async def test_goals_and_time_zones_are_settings(changed: Asked) -> None:
    """Of a site; what cannot be one is refused and named."""
    client, owner = changed.running.client, changed.running.owner
    goals = [{"name": "Thanks", "path": "/a*"}, {"name": "Sign up", "event": "sign up"}]
    assert (
        await client.put("/api/sites/asked", json={"timezone": "Asia/Tokyo", "goals": goals}, headers=owner)
    ).status_code == 200
    _, answer = await changed.query(dimensions=["event:goal"], date_range=["2026-02-13", "2026-02-14"])
    assert [line["dimensions"] for line in answer["results"]] == [["Thanks"], ["Sign up"]]
    assert answer["query"]["date_range"][0] == "2026-02-13T00:00:00+09:00"
    for wrong in ({"timezone": "Mars/North"}, {"goals": [{"name": "x"}]}, {"goals": [{"name": "x", "event": "a", "path": "/"}]}):
        refused = await client.put("/api/sites/asked", json=wrong, headers=owner)
        assert (refused.status_code, refused.json()["field"].partition("[")[0]) == (400, next(iter(wrong)))


async def test_keys(changed: Asked) -> None:
    """One for this site reads it and no other; revoked it opens nothing; without any there is nothing."""
    client, owner = changed.running.client, changed.running.owner
    made = (await client.post("/api/keys", json={"name": "mcp", "site": "asked"}, headers=owner)).json()
    key = {"authorization": f"Bearer {made['key']}"}
    assert (await changed.query(key))[0] == 200
    assert (await changed.query(key, site_id="asked.example"))[0] == 200
    assert (await changed.query(key, site_id="open-site"))[0] == 401
    assert [site["domain"] for site in (await client.get("/api/v1/sites", headers=key)).json()["sites"]] == ["asked"]
    listed = (await client.get("/api/keys", headers=owner)).json()["keys"]
    assert listed == [{name: made[name] for name in ("id", "name", "site", "scope", "created")}]
    assert (await client.get("/api/keys", headers=key)).status_code == 403  # it is not the owner's
    assert (await client.delete(f"/api/keys/{made['id']}", headers=owner)).status_code == 200
    assert await changed.query(key) == (401, {"error": (await changed.query(key))[1]["error"]})
    answer = await client.post("/api/v2/query", json={})
    assert (answer.status_code, answer.json()["error"].split(".")[0]) == (401, "Missing API key")


async def test_a_key_has_an_allowance(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past it 429, and when to come back."""
    monkeypatch.setattr(asking, "QUESTIONS_PER_HOUR", 6)
    async with serving() as running:
        made = (await running.client.post("/api/keys", json={"name": "busy"}, headers=running.owner)).json()
        key = {"authorization": f"Bearer {made['key']}"}
        statuses = [(await running.client.get("/api/v1/sites", headers=key)).status_code for _ in range(9)]
        assert statuses == [200] * 7 + [429] * 2  # the seventh goes into debt
        answer = await running.client.get("/api/v1/sites", headers=key)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1


async def test_other_formats(changed: Asked) -> None:
    """By the accepted type or by name, with a comparison's columns too; no text becomes a formula or another cell."""
    paths = ("=1+1", "'=1", "/a,b", '/a"b', "/a\nb", "\uff1dx", "/ä")
    for at, path in enumerate(paths):
        await changed.running.house.engine.record([Fact("asked", Kind.VIEW, 9, 9 + at, "script", changed.clock.now, 0, path)])
    body: dict[str, Any] = {"site_id": "asked", "metrics": ["visitors"], "date_range": "day", "dimensions": ["event:page"]}
    client, owner = changed.running.client, changed.running.owner
    answer = await client.post("/api/v2/query", json=body, headers={**owner, "accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert (answer.headers["x-content-type-options"], answer.headers["vary"]) == ("nosniff", "accept")
    names, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert names == ["event:page", "visitors"]
    assert sorted(page for page, _ in rows) == sorted(["/a", "'=1+1", "''=1", "/a,b", '/a"b', "/a\nb", "'\uff1dx", "/ä"])
    answer = await client.post("/api/v2/query?format=jsonl", json=body, headers=owner)
    assert answer.headers["content-type"] == "application/jsonl"
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert sorted(line["event:page"] for line in told) == sorted(["/a", *paths])
    body |= {"dimensions": [], "include": {"comparisons": {"mode": "previous_period"}}}
    answer = await client.post("/api/v2/query?format=csv", json=body, headers=owner)
    assert answer.text == "visitors,comparison:visitors\r\n2,2\r\n"
    answer = await client.post("/api/v2/query?format=xml", json=body, headers=owner)
    assert (answer.status_code, "json, csv or jsonl" in answer.text) == (400, True)


async def test_the_first_version_of_the_api(changed: Asked) -> None:
    """Its four reads, with empty steps of time and its own filters."""
    assert await changed.get("stats/realtime/visitors", site_id="asked") == (200, 0)  # who came today has left
    again = Fact("asked", Kind.VIEW, 1, 9, "script", changed.clock.now, 0, "/a")
    await changed.running.house.engine.record([again])
    assert await changed.get("stats/realtime/visitors", site_id="asked") == (200, 1)
    aggregate = {"site_id": "asked", "period": "day", "metrics": "visitors,pageviews", "compare": "previous_period"}
    assert await changed.get("stats/aggregate", **aggregate) == (
        200,
        {"results": {"visitors": {"value": 1, "change": -50}, "pageviews": {"value": 1, "change": -67}}},
    )
    series = {"site_id": "asked", "period": "custom", "date": "2026-02-12,2026-02-14", "metrics": "visitors,bounce_rate"}
    assert (await changed.get("stats/timeseries", **series))[1]["results"] == [
        {"date": "2026-02-12", "visitors": 0, "bounce_rate": None},
        {"date": "2026-02-13", "visitors": 2, "bounce_rate": 50},
        {"date": "2026-02-14", "visitors": 1, "bounce_rate": 100},
    ]
    pages = {"site_id": "asked", "period": "custom", "date": "2026-02-13", "property": "event:page", "filters": "event:page!=/a*"}
    assert await changed.get("stats/breakdown", **pages) == (200, {"results": [{"page": "/", "visitors": 2}]})
    assert (await changed.get("stats/breakdown", site_id="asked", property="x"))[0] == 400
