"""A real `footfall serve` in a process of its own: started, asked, killed. It knows nothing of facts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).parent
PLAIN = ("-m", "footfall")
QUICK = (str(HERE / "quick.py"),)  # housekeeping all the time
START_SECONDS = 30.0


class Server:
    """One process on one data folder. `log` is everything it wrote, to both of its outputs."""

    def __init__(self, folder: Path, *options: str, program: Sequence[str] = PLAIN, limits: str = "") -> None:
        self.folder = folder
        self.log_file = folder.with_name(f"{folder.name}.log")
        self.began = time.monotonic()
        flags = ["--data-folder", str(folder), "--port", "0", "--log-format", "json"]
        flags += ["--trusted-proxies", "127.0.0.1", "--rate-limit", "1000000"]
        command = [sys.executable, *program, "serve", *flags, *options]
        if limits:
            command = ["prlimit", limits, *command]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    @property
    def log(self) -> str:
        """What this and earlier processes on the folder wrote; the end of it, for a failing test."""
        return self.log_file.read_text("utf-8", "replace")[-6_000:]

    def ready(self, within: float = START_SECONDS) -> Server:
        """Wait until it answers."""
        deadline = time.monotonic() + within
        while not self._told():
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.log}"
            assert time.monotonic() < deadline, f"the server does not answer:\n{self.log}"
            time.sleep(0.01)
        self.started_in = time.monotonic() - self.began
        return self

    def _told(self) -> bool:
        try:
            told = json.loads((self.folder / "server.json").read_bytes())
        except (OSError, ValueError):
            return False
        self.port = int(told["address"].rpartition(":")[2])
        return bool(told["pid"] == self.process.pid)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """SIGKILL unless it has ended."""
        if self.process.poll() is None:
            self.kill()

    def stop(self, number: signal.Signals = signal.SIGTERM, within: float = 30.0) -> float:
        """Tell it to stop; how many seconds it took. It must exit with 0."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(within)
        assert code == 0, f"exit code {code}:\n{self.log}"
        return time.monotonic() - began

    def refused(self) -> tuple[int, str]:
        """Wait until it has given up by itself: exit code and what it said."""
        return self.process.wait(START_SECONDS), self.log

    # --- the owner's doors ---

    @property
    def key(self) -> str:
        return (self.folder / "owner.key").read_text("utf-8").strip()

    def ask(self, method: str, path: str, body: object = None, timeout: float = 60.0) -> httpx.Response:
        """One request with the owner's key."""
        headers = {"authorization": f"Bearer {self.key}"}
        address = f"http://127.0.0.1:{self.port}{path}"
        return httpx.request(method, address, json=body, headers=headers, timeout=timeout, trust_env=False)

    def add_site(self, site: str) -> None:
        """Make a site that takes facts from any host."""
        answer = self.ask("PUT", f"/api/sites/{site}", {})
        assert answer.status_code in (200, 201), answer.text

    def snapshot(self, site: str) -> dict[str, Any]:
        """The live state as its owner sees it."""
        found: dict[str, Any] = self.ask("GET", f"/api/live/{site}").raise_for_status().json()
        return found

    def differences(self) -> list[str]:
        """What a recount of the rows finds."""
        found: list[str] = self.ask("POST", "/api/verify").raise_for_status().json()["differences"]
        return found
