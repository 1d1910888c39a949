"""A real Footfall in a process of its own, a website that carries its script, and a real Chromium that reads it.

Every page that a test opens is watched: an error on its console, an error of its scripts or a request to anybody but the
website and Footfall fails the test, whatever else it is about.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import footfall

FLAGS = [
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STATIC = Path(footfall.__file__).parent / "static"
PATIENCE = 20.0  # seconds until something that should happen counts as not happening
# Headless Chromium names itself, and Footfall takes it for the bot that it is
READER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
HIDING = """
    let hidden = location.search.includes("behind");
    Object.defineProperty(document, "hidden", {get: () => hidden});
    window.hide = (value) => { hidden = value; document.dispatchEvent(new Event("visibilitychange", {bubbles: true})); };
"""  # Chromium counts every page of a headless window as visible

expect.set_options(timeout=PATIENCE * 1000)


def until(condition: Callable[[], object]) -> None:
    """Wait until it is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def chromium() -> str:
    """Where it is; without it the tests are skipped, for all to see."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no chromium (apt-get install chromium)")
    return found


@pytest.fixture(scope="module")  # not session: it would leave its event loop running under asynchronous tests
def browser() -> Iterator[Browser]:
    """One for all tests of a file."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium(),
            args=FLAGS,
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield opened
        opened.close()


@dataclass
class Footfall:
    """`footfall serve` on a data folder, as a person would start it. It can be stopped and started again."""

    folder: Path
    process: subprocess.Popen[str] | None = None
    address: str = ""
    sites: int = 0
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False))

    def start(self) -> None:
        """Returns when it answers."""
        port = self.address.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "footfall", "serve", "--data-folder", str(self.folder), "--port", port]
        # trusted: tests name the address a fact comes from, as a proxy would
        self.process = subprocess.Popen(
            [*command, "--trusted-proxies", "127.0.0.1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"(http://[^/\s]+)/s/", line):
                self.address = found[1]
                return
        pytest.fail(f"footfall serve ended with {self.process.wait()}")

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process is not None and self.process.stdout is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
            self.process.stdout.close()
        self.http.close()
        self.http = httpx.Client(trust_env=False)

    def welcome(self) -> str:
        """The address where the owner's password is set."""
        answer = self.http.post(f"{self.address}/api/welcome", headers={"authorization": f"Bearer {self.key}"})
        return f"{self.address}/welcome?token={answer.json()['token']}"

    @property
    def key(self) -> str:
        """The owner's."""
        return (self.folder / "owner.key").read_text().strip()

    def site(self, public: bool = True) -> str:
        """A new site of the test's own."""
        self.sites += 1
        return self.put(f"test-{self.sites}", visibility="public" if public else "private")

    def put(self, site: str, **settings: object) -> str:
        """Add the site, or change it."""
        owner = {"authorization": f"Bearer {self.key}"}
        answer = self.http.put(f"{self.address}/api/sites/{site}", json=settings, headers=owner)
        assert answer.is_success, answer.text
        return site

    def send(
        self, site: str, reader: str, path: str, kind: str = "view", address: str = "192.0.2.1", age: int = 0, title: str = ""
    ) -> None:
        """A fact of somebody who does not use the browser of the test; `age` in milliseconds."""
        fact = {"s": site, "k": kind, "i": os.urandom(9).hex(), "u": f"https://example.com{path}", "v": reader, "a": age}
        fact |= {"t": title} if title else {}
        headers = {"x-forwarded-for": address, "user-agent": READER}
        answer = self.http.post(f"{self.address}/e", json=fact, headers=headers)
        assert answer.status_code == 204, answer.text

    def snapshot(self, site: str) -> dict[str, Any]:
        """What Footfall says to the owner of a site now."""
        owner = {"authorization": f"Bearer {self.key}"}
        found: dict[str, Any] = self.http.get(f"{self.address}/api/live/{site}", headers=owner).json()
        return found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Footfall]:
    """One for all tests; each makes a site of its own."""
    running = Footfall(tmp_path_factory.mktemp("footfall") / "data")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Footfall]:
    """One that the test may stop."""
    running = Footfall(tmp_path / "data")
    running.start()
    yield running
    running.stop()


class Server(ThreadingHTTPServer):
    """An HTTP server on a free port, in threads."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """And wait until it is."""
        self.shutdown()
        self._thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers; says nothing."""

    server: Any

    def log_message(self, format: str, *args: object) -> None:
        """Not to stderr."""

    def reply(self, status: int, kind: str, body: bytes) -> None:
        """The whole answer."""
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("access-control-allow-origin", "*")
        self.end_headers()
        self.wfile.write(body)


class Website(Server):
    """Any path is a page that carries the script, unless `script` is changed."""

    class Pages(Handler):
        def do_GET(self) -> None:
            page = (
                f'<!doctype html><title>{escape(self.path)}</title><link rel="icon" href="data:,">'
                f'{self.server.script}<h1>{escape(self.path)}</h1><a href="/next">next</a>'
            )
            self.reply(200, "text/html; charset=utf-8", page.encode())

    def __init__(self) -> None:
        super().__init__(self.Pages)
        self.script = ""

    def carry(self, stats: str, site: str, attributes: str = "", script: str = "f.js") -> None:
        """From now on every page counts for that site."""
        self.script = f'<script defer src="{stats}/{script}" data-site="{site}" {attributes}></script>'


class Collector(Server):
    """Stands where Footfall stands and answers as the test tells: `statuses` in turn, then 204."""

    class Door(Handler):
        def do_GET(self) -> None:
            self.reply(200, "text/javascript", (STATIC / self.path.strip("/")).read_bytes())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status = self.server.statuses.pop(0) if self.server.statuses else 204
            self.server.requests.append((status, body))
            errors = {"accepted": len(body) - 1, "errors": [{"index": 0, "field": "u", "reason": "no"}]}
            self.reply(status, "application/json", b"" if status == 204 else json.dumps(errors).encode())

    def __init__(self) -> None:
        super().__init__(self.Door)
        self.statuses: list[int] = []
        self.requests: list[tuple[int, list[dict[str, Any]]]] = []

    @property
    def facts(self) -> list[dict[str, Any]]:
        """All that came, in order, also what was answered with an error."""
        return [fact for _, facts in self.requests for fact in facts]

    def told(self, kind: str) -> list[str]:
        """The paths of all facts of a kind. One that came again, as what is unanswered at a leave does, is the same fact."""
        once = {fact["i"]: fact for fact in self.facts if fact["k"] == kind}
        return [re.sub(r"^http://[^/]+", "", fact["u"]) for fact in once.values()]


@pytest.fixture
def website() -> Iterator[Website]:
    """A website of the test's own."""
    site = Website()
    yield site
    site.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector of the test's own."""
    door = Collector()
    yield door
    door.close()


@dataclass
class Watch:
    """What must not happen in any page. `allowed`: patterns of console errors that the test itself brings about."""

    origins: list[str]
    allowed: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """All pages that it will open."""
        context.on("console", lambda message: self._fault(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: self._fault(str(error.error)))
        context.on("request", lambda request: self._request(request.url))

    def _fault(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self.allowed):
            self.faults.append(text)

    def _request(self, url: str) -> None:
        if not url.startswith((*(origin + "/" for origin in self.origins), "data:")):
            self.faults.append(f"a request to {url}")


@pytest.fixture
def watch(request: pytest.FixtureRequest, website: Website) -> Iterator[Watch]:
    """Over every browser that the test opens."""
    others = [request.getfixturevalue(n).address for n in ("server", "own_server", "collector") if n in request.fixturenames]
    watching = Watch([website.address, *others])
    yield watching
    assert watching.faults == []


Open = Callable[..., BrowserContext]


@pytest.fixture
def person(browser: Browser, watch: Watch) -> Iterator[Open]:
    """Somebody with a browser of their own: `person()` once for each."""
    opened: list[BrowserContext] = []

    def new(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"user_agent": READER, **options})
        context.add_init_script(HIDING)
        watch.over(context)
        opened.append(context)
        return context

    yield new
    for context in opened:
        context.close()


def axe(page: Page) -> list[Any]:
    """What axe finds, and whatever is wider than the screen."""
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text()
    cdp = page.context.new_cdp_session(page)
    frame = cdp.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    # a world of its own: the page's policy lets no foreign script into its world, and is not to be bypassed
    world = cdp.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})["executionContextId"]
    cdp.send("Runtime.evaluate", {"expression": source, "contextId": world})
    run = "axe.run().then((r) => JSON.stringify(r.violations.map((v) => [v.id, v.nodes.map((n) => n.html)])))"
    found = cdp.send("Runtime.evaluate", {"expression": run, "contextId": world, "awaitPromise": True, "returnByValue": True})
    width = page.evaluate("document.documentElement.scrollWidth")
    wide = [] if width == page.viewport_size["width"] else [f"{width} pixels wide"]  # type: ignore[index]  # it has one
    return [*json.loads(found["result"]["value"]), *wide]


def leave(page: Page) -> None:
    """Close the tab as a reader does."""
    with page.expect_event("close"):
        page.close(run_before_unload=True)


def push(page: Page, path: str) -> None:
    """What the router of a single-page app does: the address first, the title after it."""
    page.evaluate("(path) => { history.pushState({}, '', path); document.title = 'At ' + path; }", path)


def run(context: BrowserContext, seconds: int) -> None:
    """Let time pass in all tabs, in steps, so that they hear of each other."""
    for _ in range(seconds * 2):
        context.clock.run_for(500)


def stored(page: Page) -> list[Any]:
    """Everything that a page can keep on the device."""
    found: list[Any] = page.evaluate("""async () => [
        Object.keys(localStorage), Object.keys(sessionStorage), document.cookie,
        (await indexedDB.databases()).map((d) => d.name), await caches.keys(),
    ]""")
    return found


NOTHING: list[Any] = [[], [], "", [], []]
