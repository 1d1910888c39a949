"""The original's real clients, each in a process of its own, and a real `footfall serve` for them to talk to."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from tests.chaos.process import Server

from .program import ENVIRONMENT, HERE, deno

PATIENCE = 30.0  # seconds until something that should happen counts as not happening
KINDS = ("http newest", "socket newest", "http 1.16", "socket 1.16", "http python", "socket python")


class Client:
    """A client in its process. `begin` asks, `end` waits for the answer, `do` is both."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
            env=ENVIRONMENT,
            start_new_session=True,  # one kill reaches what it started
        )
        self._answers: dict[int, dict[str, Any]] = {}
        self._asked = 0
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # one of the clients prints what it thinks of old versions
                answer = json.loads(line)
                self._answers[answer["id"]] = answer

    def begin(self, do: str, path: str = "", args: dict[str, Any] | None = None, **more: Any) -> int:
        """Ask for something."""
        assert self._process.stdin is not None
        self._asked += 1
        line = json.dumps({"id": self._asked, "do": do, "path": path, "args": args or {}, **more})
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._asked

    def end(self, id: int) -> dict[str, Any]:
        """The answer."""
        until(lambda: id in self._answers)
        return self._answers.pop(id)

    def do(self, do: str, path: str = "", args: dict[str, Any] | None = None, **more: Any) -> Any:
        """The result, which there has to be."""
        answer = self.end(self.begin(do, path, args, **more))
        assert "result" in answer, answer["error"]
        return answer["result"]

    def fail(self, do: str, path: str = "", args: dict[str, Any] | None = None) -> str:
        """The error, which there has to be."""
        answer = self.end(self.begin(do, path, args))
        assert "error" in answer, answer["result"]
        error: str = answer["error"]
        return error

    def close(self) -> None:
        """End it."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


Connect = Callable[..., Client]


def until(condition: Callable[[], object]) -> None:
    """Wait until it is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests, with a site whose door is open beside each of theirs."""
    running = Server(tmp_path_factory.mktemp("clients") / "data").ready()
    open_door(running, "other", "other.example")
    yield running
    running.close()


@pytest.fixture
def site(server: Server) -> Iterator[str]:
    """A site of the test's own."""
    own = f"site-{secrets.token_hex(4)}"
    open_door(server, own)
    yield own
    server.ask("PUT", f"/api/sites/{own}", {"convex": "off"}).raise_for_status()


def open_door(server: Server, site: str, host: str = "localhost") -> None:
    """Add a site that the original's clients reach, also by the name of that host."""
    server.ask("PUT", f"/api/sites/{site}", {"hosts": [host], "convex": "exact"}).raise_for_status()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Clients by kind. The Python one over WebSockets drops the prefix of an address: it comes by the name of the host."""
    opened: list[Client] = []

    def new(kind: str, server: Server, site: str) -> Client:
        transport, version = kind.split()
        command = [deno(), "run", "-A", "--quiet", str(HERE / "driver.ts")]
        if version == "python":
            command = [sys.executable, str(HERE / "driver.py")]
        by_name = kind == "socket python"
        address = f"http://localhost:{server.port}" if by_name else f"http://127.0.0.1:{server.port}/convex/{site}"
        opened.append(Client([*command, transport, version, address]))
        return opened[-1]

    yield new
    for client in opened:
        client.close()
