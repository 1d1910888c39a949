"""Runs the replay as script/replay does: in a process of its own, which no thread of another test disturbs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.golden.traces import load

ROOT = Path(__file__).resolve().parents[2]

Replay = Callable[..., subprocess.CompletedProcess[str]]
Agree = Callable[..., None]


@pytest.fixture
def replay(tmp_path: Path) -> Replay:
    """Replays files with flags."""

    def run(files: Sequence[Path], *flags: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "tests.golden.replay", *flags, *map(str, files)]
        paths = [str(ROOT), *filter(None, sys.path)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(tmp_path)}
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    return run


@pytest.fixture
def agree(replay: Replay) -> Agree:
    """Replays files with flags and wants one line for each and no mismatch, where Footfall differs on purpose as it means to."""

    def check(files: Sequence[Path], *flags: str) -> None:
        assert files
        run = replay(files, "--on-purpose", *flags)
        wanted = [f"{trace.name}: {len(trace.operations)} operations, 0 mismatches" for trace in map(load, files)]
        assert run.stdout.splitlines() == wanted, run.stderr
        assert run.returncode == 0

    return check
