"""One server process: started, asked whether it serves, killed.

Its pid is written down, so that the process that kills it need not be the one that started it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

START_SECONDS = 60.0
STOP_SECONDS = 10.0
PAUSE = 0.02


class DidNotStart(Exception):
    """A server ended or does not serve; the text has the end of its log."""


@dataclass
class Node:
    """A server in a folder of its own. `prepare` writes its configuration, `healthy` asks it."""

    name: str
    folder: Path
    address: str
    command: Sequence[str]
    healthy: Callable[[], bool]
    prepare: Callable[[], None]
    environment: Mapping[str, str] = field(default_factory=dict)
    _child: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start the process, unless it runs. `wait_until_healthy` is the other half."""
        if self.pid is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.prepare()
        with self._log_file.open("ab") as log:
            self._child = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in a terminal is not for it
            )
        born = psutil.Process(self._child.pid).create_time()
        self._pid_file.write_text(json.dumps({"pid": self._child.pid, "born": born}))

    def wait_until_healthy(self) -> None:
        """Returns when it serves."""
        for _ in range(int(START_SECONDS / PAUSE)):  # pauses are counted, not the time in which this process was stopped itself
            if self.healthy():
                return
            if self.pid is None:
                raise DidNotStart(f"{self.name} ended:\n{self.log}")
            time.sleep(PAUSE)
        raise DidNotStart(f"{self.name} does not serve after {START_SECONDS:.0f} s:\n{self.log}")

    @property
    def pid(self) -> int | None:
        """Of the process, if it runs. A pid that now belongs to another process is none."""
        try:
            told = json.loads(self._pid_file.read_bytes())
            process = psutil.Process(told["pid"])
            ours = process.create_time() == told["born"] and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None
        return int(told["pid"]) if ours else None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """SIGKILL. Returns when the process is gone."""
        self.signal(signal.SIGKILL)
        self.wait_until_gone(STOP_SECONDS)

    def wait_until_gone(self, seconds: float) -> bool:
        """Whether the process is gone by then."""
        deadline = time.monotonic() + seconds
        while self.pid is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        if self._child is not None:
            self._child.wait()
        return True

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        return self._log_file.read_text("utf-8", "replace")[-3_000:] if self._log_file.exists() else ""

    @property
    def _log_file(self) -> Path:
        return self.folder / "log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid.json"
