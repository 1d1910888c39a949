"""Servers as the benchmarks see them: a child process, its address, and what its probe reports."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.report import ROOT

SITE = "bench"


class Server:
    """A running child of watched.py."""

    def __init__(self, process: subprocess.Popen[str], folder: Path | None) -> None:
        self._process = process
        self._folder = folder
        self.address: str = self._line()["address"]
        self.port = int(self.address.rpartition(":")[2])
        self.pid = process.pid

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended with {self._process.wait()}")
        told: dict[str, Any] = json.loads(line)
        return told

    def report(self) -> dict[str, Any]:
        """What the probe noted since the last report."""
        assert self._process.stdin is not None
        self._process.stdin.write("report\n")
        self._process.stdin.flush()
        return self._line()

    def make_site(self) -> None:
        """A public site that takes facts from anywhere."""
        assert self._folder is not None
        key = (self._folder / "owner.key").read_text("utf-8").strip()
        request = urllib.request.Request(
            f"{self.address}/api/sites/{SITE}",
            b'{"name": "Bench", "visibility": "public"}',
            {"authorization": f"Bearer {key}", "content-type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(request).close()

    def stop(self) -> None:
        """SIGTERM and wait; kill after 20 s."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def started(folder: Path | None) -> Iterator[Server]:
    """The real server on a data folder, or the ceiling with none."""
    arguments = ["empty"] if folder is None else ["real", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.watched", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        server = Server(process, folder)
        if folder is not None:
            server.make_site()
        yield server
        server.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
