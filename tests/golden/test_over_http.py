"""Golden traces once more, as the original's HTTP clients would play them: through the application's own door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from footfall.config import Config
from footfall.convex.values import read, written
from footfall.house import open_house
from footfall.http.app import App
from footfall.model import Publish, Site
from tests.golden.traces import Answer, Operation, agrees, found, load, number, on_purpose

CALLS = {
    "recordPageView": "mutation",
    "heartbeat": "mutation",
    "getStats": "query",
    "cleanupStaleSessions": "mutation",
    "backfillAggregates": "mutation",
}
OTHERS = {"publish", "aggregateCounts"}  # the store's, and the original's own counters, which nobody else has
SITE = "blog"


def _playable(file: Path) -> bool:
    return {operation["op"] for operation in load(file).operations} <= CALLS.keys() | OTHERS


FILES = [file for kind in ("traces", "quirks") for file in found(kind) if _playable(file)]
SHORT = [file for file in FILES if len(load(file).operations) < 100]
LONG = [file for file in FILES if file not in SHORT]


async def play(file: Path, folder: Path, **settings: Any) -> list[str]:
    """What differs."""
    trace = on_purpose(load(file))
    now = [trace.operations[0]["at_ms"]]
    house = await open_house(Config(data_folder=folder, rate_limit=1e6, **settings), lambda: now[0])
    try:
        await house.put_site(Site(SITE, convex="exact"))
        app = App(house=house)
        headers = {"authorization": f"Convex {house.folder.owner_key}"}
        transport = httpx.ASGITransport(app)
        async with app.running(), httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as http:
            wrong = []
            for index, operation in enumerate(trace.operations):
                now[0] = operation["at_ms"]
                if operation["op"] == "publish":
                    item = (operation[name] for name in ("kind", "slug", "title", "published"))
                    await house.engine.command(Publish(SITE, now[0], *item))
                elif operation["op"] in CALLS:
                    answer, wanted = await _call(http, operation), trace.outcomes[index]
                    if not agrees(answer, {key: wanted[key] for key in wanted.keys() - {"chunks"}}):
                        wrong.append(f"{index}: {operation}\n{answer}")
            return wrong
    finally:
        await house.close()


async def _call(http: httpx.AsyncClient, operation: Operation) -> Answer:
    function = operation["op"]
    given = {name: number(value) for name, value in operation.get("args", {}).items()}
    body = f'{{"path":"stats:{function}","format":"convex_encoded_json","args":[{written(given)}]}}'
    response = await http.post(f"/convex/{SITE}/api/{CALLS[function]}", content=body.encode())
    assert response.status_code == 200, response.text
    told: dict[str, Any] = msgspec.json.decode(response.content)
    if told["status"] == "success":
        return {"result": read(told["value"])}
    assert told["errorMessage"].startswith("ArgumentValidationError: ")
    return {"error": "argument_validation"}


@pytest.mark.parametrize("file", SHORT, ids=lambda file: file.stem)
async def test_hand_made_traces_agree(file: Path, tmp_path: Path) -> None:
    """Every rule at its limits, in the shapes of the wire."""
    assert await play(file, tmp_path / "data") == []


@pytest.mark.slow
@pytest.mark.parametrize("file", LONG, ids=lambda file: file.stem)
async def test_long_traces_agree(file: Path, tmp_path: Path) -> None:
    """Hundreds of operations at random."""
    assert await play(file, tmp_path / "data") == []
