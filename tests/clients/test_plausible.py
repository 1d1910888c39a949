"""Clients of Plausible's Stats API, unchanged, ask a real server; requests of theirs that were recorded get replies of that kind.

recorded/ has what plausible-mcp of PyPI (MIT) sent, and the shape of what it was told there: {client, scenario, requests}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.chaos.process import Server

from .program import HERE

pytestmark = pytest.mark.slow
DAY = 86_400
SITE, HOST = "read", "blog.example.test"  # as it is called in the recording
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
RECORDED = json.loads((HERE / "recorded" / "plausible-mcp-reads.json").read_text("utf-8"))["requests"]


@pytest.fixture(scope="module")
def told(server: Server) -> tuple[Server, str]:
    """A site with a reader of yesterday and two of now, one on two pages, and a key that may read it."""
    server.ask("PUT", f"/api/sites/{SITE}", {"hosts": [HOST]}).raise_for_status()
    yesterday = {"_id": "1", "path": "/", "pageType": "home", "sessionId": "old", "timestamp": 1_000 * (time.time() - DAY)}
    door, owner = f"http://127.0.0.1:{server.port}", {"authorization": f"Bearer {server.key}"}
    sent = httpx.post(f"{door}/api/sites/{SITE}/import/pageViews", json=yesterday, headers=owner, trust_env=False)
    assert sent.json()["added"] == 1, sent.text
    for at, (session, path) in enumerate((("a", "/"), ("a", "/docs"), ("b", "/"))):
        fact = {"s": SITE, "k": "view", "i": f"{at:032x}", "v": session * 8, "a": 0, "u": f"https://{HOST}{path}"}
        sent = httpx.post(f"{door}/e", json=fact, headers={"user-agent": BROWSER}, trust_env=False)
        assert sent.status_code == 204, sent.text
    key = server.ask("POST", "/api/keys", {"name": "a client", "site": SITE}).json()["key"]
    return server, key


@pytest.mark.parametrize("request_", RECORDED, ids=lambda request: request["target"].partition("?")[0])
def test_what_was_recorded_is_answered_alike(told: tuple[Server, str], request_: dict[str, Any]) -> None:
    """The same request, but for host and key: status, media type, and JSON of the same shape."""
    server, key = told
    headers = {name.lower(): value for name, value in request_["headers"]} | {"authorization": f"Bearer {key}"}
    headers["host"] = f"127.0.0.1:{server.port}"
    answer = httpx.request(
        request_["method"], f"http://127.0.0.1:{server.port}{request_['target']}", headers=headers, trust_env=False
    )
    then = request_["reply"]
    assert (answer.status_code, answer.headers["content-type"]) == (then["status"], then["headers"]["Content-Type"])
    property = httpx.URL(request_["target"]).params.get("property", "").rpartition(":")[2]
    assert shape(answer.json()) == shape(renamed(json.loads(then["body"]), property))


def renamed(then: Any, property: str) -> Any:
    """The recording server told sources whatever the property was."""
    if property:
        then["results"] = [
            {property if name == "source" else name: value for name, value in row.items()} for row in then["results"]
        ]
    return then


def shape(json: Any) -> Any:
    """Names and kinds; of a list what its first one is like."""
    match json:
        case dict():
            return {name: shape(value) for name, value in json.items()}
        case list():
            return [shape(json[0])] if json else []
        case str():
            return "text"
    return "a number, or null: of no visits there is no rate"


class Mcp:
    """plausible-mcp in a process of its own, spoken to as models do: JSON-RPC, a line each."""

    def __init__(self, address: str, key: str, home: Path) -> None:
        own = {"PLAUSIBLE_BASE_URL": address, "PLAUSIBLE_API_KEY": key, "DO_NOT_TRACK": "1", "HOME": str(home)}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "plausible_mcp.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **own},
        )
        self._asked = 0
        client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
        self.call("initialize", client)
        self._write({"method": "notifications/initialized"})

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()

    def call(self, method: str, params: dict[str, Any]) -> Any:
        """The result."""
        assert self._process.stdout is not None
        self._asked += 1
        self._write({"id": self._asked, "method": method, "params": params})
        for line in self._process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self._asked:
                return answer["result"]
        raise AssertionError("it ended")

    def tool(self, name: str, **arguments: Any) -> Any:
        """What a tool told, as JSON if it is some."""
        text = self.call("tools/call", {"name": name, "arguments": arguments})["content"][0]["text"]
        return json.loads(text) if text.startswith("{") else text

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def test_plausible_mcp_reads(told: tuple[Server, str], tmp_path: Path) -> None:
    """All its tools that ask for figures, with a good key and a wrong one."""
    if find_spec("plausible_mcp") is None:
        pytest.skip("plausible-mcp is not installed")
    server, key = told
    mcp = Mcp(f"http://127.0.0.1:{server.port}", key, tmp_path)
    try:
        doctor = mcp.tool("doctor")
        assert (doctor["status"], doctor["sample_sites"]) == ("healthy", [SITE])
        totals = mcp.tool("get_aggregate_stats", site_id=HOST, date_range="day")["totals"]
        assert (totals["visitors"], totals["pageviews"], totals["bounce_rate"]) == (2, 3, 50)
        for site in (SITE, HOST):
            assert mcp.tool("get_realtime_visitors", site_id=site)["realtime_visitors"] == 2
        pages = mcp.tool("get_breakdown", site_id=SITE, property_name="event:page", date_range="day")
        assert [(row["page"], row["visitors"]) for row in pages["results"]] == [("/", 2), ("/docs", 1)]
        browsers = mcp.tool("get_breakdown", site_id=SITE, property_name="visit:browser", date_range="day")
        assert browsers["results"] == [{"browser": "Firefox", "visitors": 2}]
        days = mcp.tool("get_timeseries", site_id=SITE, date_range="7d")["timeseries"]
        assert [day["visitors"] for day in days] == [0, 0, 0, 0, 0, 0, 1]  # whole days: today is not one yet
        assert "401" in mcp.tool("get_aggregate_stats", site_id="other")
        assert "401" in mcp.tool("get_aggregate_stats", site_id=SITE, token="wrong")
    finally:
        mcp.close()
