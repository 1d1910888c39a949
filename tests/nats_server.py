"""One NATS server with JetStream for the tests that need no more: on loopback, on a port of the system's choice."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.programs import beside_python

START_SECONDS = 20.0


class NatsServer:
    """Its data stays in `folder` over a kill; so does its port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._port = -1  # any

    @property
    def address(self) -> str:
        """For `--cluster`."""
        return f"nats://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns when it can be connected to."""
        told = self._folder / "ports"
        shutil.rmtree(told, ignore_errors=True)
        told.mkdir(parents=True)
        command = [
            beside_python("nats-server"),
            "-a",
            "127.0.0.1",
            "-p",
            str(self._port),
            "-js",
            "-sd",
            str(self._folder),
            "--ports_file_dir",
            str(told),
            *self._options,
        ]
        with open(self._folder / "log", "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not (files := list(told.glob("*.ports"))) or not files[0].stat().st_size:
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, "nats-server does not start"
            time.sleep(0.01)
        self._port = int(json.loads(files[0].read_bytes())["nats"][0].rpartition(":")[2])

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextmanager
def nats_server(folder: Path, *options: str) -> Iterator[NatsServer]:
    """A server within."""
    server = NatsServer(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
