"""What became of everything that was sent: by the hour, for its owner alone, at every door of facts; and it adds up."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from footfall.http.settings import SiteChange, changed
from footfall.rules import HOUR

from .conftest import OPEN
from .test_collect import post as send
from .test_collect import view

Running = Any  # tests/http/conftest.py; test files cannot import it by name
DOOR = f"/api/sites/{OPEN.id}/ledger"
BOT = {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}


async def ask(running: Running, query: str = "") -> tuple[int, Any]:
    answer = await running.client.get(f"{DOOR}{query}", headers=running.owner)
    return answer.status_code, answer.json()


async def test_every_fact_has_a_line(running: Running) -> None:
    """Stored, repeated, sent again, of a bot, refused by intake and by the fold; told at once, and in /metrics alike."""
    first = view(1)
    await send(running, [first, view(2), first, view(3, a=31 * 60_000), {"s": OPEN.id, "k": "view"}])
    await send(running, [view(4)], **BOT)
    await running.client.get(f"/p.gif?s={OPEN.id}&p=none", headers=BOT)
    status, told = await ask(running)
    lines = Counter({(line["door"], line["outcome"], line["reason"]): line["count"] for line in told["lines"]})
    assert (status, told["site"], told["received"]) == (200, OPEN.id, 7)
    assert lines == {
        ("script", "stored", ""): 1,
        ("script", "repeat", ""): 1,
        ("script", "retry", ""): 1,
        ("script", "rejected", "too_old"): 1,
        ("script", "rejected", "malformed"): 1,
        ("script", "bot", "crawler"): 1,
        ("pixel", "rejected", "malformed"): 1,
    }
    metrics = (await running.client.get("/metrics", headers=running.owner)).text
    for (door, outcome, reason), count in lines.items():
        line = f'footfall_facts_total{{door="{door}",outcome="{outcome}",reason="{reason}",site="{OPEN.id}"}} {count:.1f}'
        assert line in metrics
    page = (await running.client.get(f"/sites/{OPEN.id}/ledger", headers=running.owner)).text
    assert re.findall("<h2>(.*?)</h2>", page) == ["The image", "The script"]
    assert '<th scope="row">Of bots: crawler</th><td>1</td><td>1</td><td>1</td>' in page
    assert '<th scope="row">Received</th><td>6</td><td>6</td><td>6</td>' in page


async def test_readers_who_ask_to_be_left_out_have_a_line_too(running: Running) -> None:
    """Where the site says so."""
    site = changed(running.house.sites[OPEN.id], SiteChange(opt_outs=("gpc", "dnt")))
    await running.house.put_site(site)
    for number, header in enumerate(("dnt", "sec-gpc")):
        answer = await send(running, [view(number)], **{header: "1"})
        assert answer.status_code == 400
    _, told = await ask(running)
    assert {(line["outcome"], line["reason"]): line["count"] for line in told["lines"]} == {
        ("rejected", "dnt"): 1,
        ("rejected", "gpc"): 1,
    }


async def test_hours_are_asked_for(running: Running) -> None:
    """Those that overlap; before them there is nothing, and a time that is none is refused."""
    await send(running, [view(1)])
    now = running.house.engine.now()
    assert (await ask(running, f"?from={now - 2 * HOUR}&to={now - HOUR - now % HOUR}"))[1]["lines"] == []
    assert (await ask(running, f"?from={now}"))[1]["received"] == 1
    for query, field in (("?from=x", "from"), ("?to=-1", "to"), (f"?from={now + HOUR}", "from"), ("?from=0", "from")):
        status, told = await ask(running, query)
        assert (status, told["field"]) == (400, field)


@pytest.mark.parametrize(("path", "status"), [(DOOR, 401), (f"/sites/{OPEN.id}/ledger", 404)])
async def test_strangers_find_nothing(running: Running, path: str, status: int) -> None:
    """Neither the figures nor the page."""
    assert (await running.client.get(path)).status_code == status
