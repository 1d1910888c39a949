"""The command over data folders of its own: in this process, or, where a process is what is tested, the installed one."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import structlog
from click.testing import CliRunner

from footfall.cli import main

SECONDS = 60  # far more than anything takes: only a hang meets it


@contextmanager
def process_as_before() -> Iterator[None]:
    """A command closes what it writes to others, and sets up logging, for all of its process: undone here."""
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level, httpx_level = root.handlers, root.level, logging.getLogger("httpx").level
    umask = os.umask(0o077)
    os.umask(umask)
    try:
        yield
    finally:
        os.umask(umask)
        structlog.configure(**config)
        root.handlers = handlers
        root.setLevel(level)
        logging.getLogger("httpx").setLevel(httpx_level)


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Server:
    """`footfall serve` in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    folder: Path

    @property
    def key(self) -> str:
        """The owner's key."""
        return (self.folder / "owner.key").read_text().strip()

    def get(self, path: str) -> httpx.Response:
        """As the owner."""
        return httpx.get(self.address + path, headers={"authorization": f"Bearer {self.key}"}, trust_env=False)

    def stop(self) -> Ended:
        """SIGTERM, and what it printed since it was started."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=SECONDS)
        return Ended(self.process.returncode, out, err)


@dataclass(frozen=True, slots=True)
class Command:
    """Runs `footfall` with the data folder of the test."""

    folder: Path
    home: Path

    def __call__(self, *arguments: str, env: dict[str, str] | None = None, answer: str = "") -> Ended:
        """Run to the end in this process: one of its own takes a second to import everything."""
        others = dict.fromkeys(os.environ.keys() - self._env(None).keys())
        with process_as_before():
            done = CliRunner().invoke(
                main, arguments, answer, {**others, **self._env(env)}, catch_exceptions=False, prog_name="footfall"
            )
        return Ended(done.exit_code, done.stdout, done.stderr)

    def alone(self, *arguments: str, env: dict[str, str] | None = None) -> Ended:
        """Run to the end in a process of its own."""
        line = self._line(*arguments)
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, env=self._env(env))
        return Ended(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def serving(self, *arguments: str, env: dict[str, str] | None = None) -> Iterator[Server]:
        """A server on a free port; killed if the test has not stopped it."""
        line = self._line("serve", "--data-folder", str(self.folder), "--port", "0", *arguments)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(line, text=True, env=self._env(env), **pipes) as process:  # type: ignore[call-overload]  # pipes
            try:
                yield Server(process, self._address(process), self.folder)
            finally:
                if process.poll() is None:
                    process.kill()

    def _address(self, process: subprocess.Popen[str]) -> str:
        file, until = self.folder / "server.json", time.monotonic() + SECONDS
        while time.monotonic() < until and process.poll() is None:
            try:
                found = json.loads(file.read_bytes())
            except (OSError, ValueError):
                found = {}
            if found.get("pid") == process.pid:
                return str(found["address"])
            time.sleep(0.02)
        raise AssertionError(process.communicate()[1])

    def _line(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("footfall")), *arguments]

    def _env(self, more: dict[str, str] | None) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "XDG_"))}
        return {**plain, "HOME": str(self.home), **(more or {})}


@pytest.fixture
def footfall(tmp_path: Path) -> Command:
    """The command."""
    return Command(tmp_path / "data", tmp_path)
