"""The live page in a real Chromium: what it weighs, and what it costs to watch while 500 points move five times a second; and
what a thousand who watch the same cost the server.

Readers are sent by the owner's key, each at a place of its own; every 200 ms some of them move to another one, so that each
message moves points, rows, numbers and the chart. The browser has no graphics card here: what one would paint is in the figure.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from bench.push import ended, watching
from bench.report import table
from bench.server import SITE, Server, started

READERS = 500
UPDATES = 5  # a second
MOVING = 8  # readers in each, sent at once, so that one message tells them all
SECONDS = 12
VIEWERS = 1_000
FIRST, ALL = 60_000, 110_000  # bytes
CPU, FRAMES = 10, 60  # percent of a core, frames a second
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
COUNTING = """(seconds) => new Promise((done) => {
    let frames = 0, long = 0;
    new PerformanceObserver((list) => long += list.getEntries().length).observe({type: "longtask"});
    const start = performance.now();
    const frame = () => {
        frames++;
        if (performance.now() - start < seconds * 1000) requestAnimationFrame(frame);
        else done([frames / seconds, long]);
    };
    requestAnimationFrame(frame);
})"""


def run() -> None:
    """Print the tables."""
    folder = Path(tempfile.mkdtemp(prefix="footfall-bench-"))
    try:
        with started(folder) as server:
            key = (folder / "owner.key").read_text("utf-8").strip()
            crowd = Crowd(server, key)
            crowd.arrive()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
                page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
                loaded = _load(page, f"{server.address}/s/{SITE}?key={key}")
                rows = [_watch(page, browser.new_browser_cdp_session(), crowd, moves) for moves in (False, True)]
                browser.close()
            served = [_serve(server, crowd, count, folder / "notes") for count in (0, VIEWERS)]
    finally:
        shutil.rmtree(folder)
    table("Page: bytes on the wire", ("what", "bytes", "target"), loaded)
    table(
        f"Page: {READERS} points, {UPDATES} updates a second, {SECONDS} s",
        ("page", "messages/s", "frames/s", "target", "long tasks", "renderer, % of a core", "target", "script %"),
        rows,
    )
    table(
        f"Page: the server, {READERS} points, {UPDATES} updates a second",
        ("viewers", "messages each", "server, % of a core", "a round to viewers, ms", "lost"),
        served,
    )


class Crowd:
    """Readers at places of their own."""

    def __init__(self, server: Server, key: str) -> None:
        self._server = server
        self._key = key
        self._chance = random.Random(1)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def arrive(self) -> None:
        """All of them."""
        for reader in range(READERS):
            self._move(reader)

    def start(self) -> None:
        """Let them move until `stop`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._moving)
        self._thread.start()

    def stop(self) -> None:
        """And wait until they have."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _moving(self) -> None:
        at = time.monotonic()
        with ThreadPoolExecutor(MOVING) as senders:
            while not self._stop.is_set():
                list(senders.map(self._move, self._chance.sample(range(READERS), MOVING)))
                at += 1 / UPDATES
                self._stop.wait(max(0.0, at - time.monotonic()))

    def _move(self, reader: int) -> None:
        chance = self._chance
        fact = {
            "s": SITE, "k": "view", "i": f"{chance.getrandbits(96):024x}", "v": f"reader-{reader}",
            "u": f"https://example.com/page-{min(int(chance.expovariate(0.2)), 60)}",
        }  # fmt: skip
        headers = {
            "content-type": "text/plain",
            "authorization": f"Bearer {self._key}",
            "x-forwarded-for": f"192.0.2.{reader % 250}",
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36",
            "x-vercel-ip-country": chance.choice(("DE", "US", "BR", "IN", "JP", "ZA", "FR", "AU")),
            "x-vercel-ip-city": f"City%20{reader}",
            "x-vercel-ip-latitude": str(chance.randint(-40, 65)),
            "x-vercel-ip-longitude": str(chance.randint(-120, 150)),
        }
        request = urllib.request.Request(f"{self._server.address}/e", json.dumps(fact).encode(), headers)
        urllib.request.urlopen(request).close()


def _load(page: Page, address: str) -> list[tuple[object, ...]]:
    """Bytes as they travelled: what the page asks for by itself, and what it then loads for map and chart."""
    cdp = page.context.new_cdp_session(page)
    names: dict[str, str] = {}
    sizes: dict[str, float] = {}
    cdp.on("Network.responseReceived", lambda told: names.update({told["requestId"]: told["response"]["url"]}))
    cdp.on("Network.loadingFinished", lambda told: sizes.update({told["requestId"]: told["encodedDataLength"]}))
    cdp.send("Network.enable")
    page.goto(address)
    page.wait_for_selector(".map canvas")
    page.wait_for_selector(".chart canvas")
    page.wait_for_timeout(500)
    loaded = [(names[request].rpartition("/")[2].partition("?")[0], round(size)) for request, size in sizes.items()]
    late = sum(size for name, size in loaded if name.startswith(("world-", "plot-")))
    answers = sum(size for name, size in loaded if name == SITE)
    total = sum(size for _, size in loaded)
    return [
        ("page with its snapshot, and answers to its questions", answers, ""),
        ("script, style, icon", total - late - answers, FIRST),
        ("the same with map and chart", total - answers, ALL),
    ]


def _watch(page: Page, browser: CDPSession, crowd: Crowd, moves: bool) -> tuple[object, ...]:
    page.wait_for_timeout(2000)
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable")
    messages = _version(page)
    if moves:
        crowd.start()
        page.wait_for_timeout(1000)
        messages = _version(page)
    cpu, metrics = _cpu(browser), _metrics(cdp)
    frames, long = page.evaluate(COUNTING, SECONDS)
    used, after = _cpu(browser) - cpu, _metrics(cdp)
    told = _version(page) - messages
    crowd.stop()
    share = 100 * (after["ScriptDuration"] - metrics["ScriptDuration"]) / SECONDS
    return (
        "moving" if moves else "still", round(told / SECONDS, 1), round(frames, 1), FRAMES, long,
        round(100 * used / SECONDS, 1), CPU, round(share, 1),
    )  # fmt: skip


def _serve(server: Server, crowd: Crowd, count: int, notes: Path) -> tuple[object, ...]:
    """What the server uses while strangers watch."""
    crowd.start()
    try:
        with watching(server, count, notes) as child:
            server.report()
            time.sleep(SECONDS)
            report = server.report()
            lost = ended(child)
    finally:
        crowd.stop()
    told = notes.stat().st_size / 16 / max(1, count)  # two doubles for each message that tells of views
    return count, round(told), round(100 * report["cpu"] / report["seconds"], 1), round(report["fan_out_ms"], 1), lost


def _version(page: Page) -> int:
    """Of the snapshot: one more for each message."""
    found: int = page.evaluate(f"fetch('../api/live/{SITE}').then((r) => r.json()).then((s) => s.version)")
    return found


def _cpu(browser: CDPSession) -> float:
    """Seconds that the renderers have used."""
    processes: list[dict[str, Any]] = browser.send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(float(process["cpuTime"]) for process in processes if process["type"] == "renderer")


def _metrics(cdp: CDPSession) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in cdp.send("Performance.getMetrics")["metrics"]}
