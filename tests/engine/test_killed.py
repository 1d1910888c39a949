"""The owner of a data folder is killed at any moment: nothing is lost, nothing is doubled. What happens is in killed.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(scenario: str, times: int, tmp_path: Path) -> None:
    """A scenario in a process of its own; its words are the failure's."""
    paths = [str(Path(__file__).resolve().parents[2]), *filter(None, sys.path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-W", "error", "-m", "tests.engine.killed", scenario, str(times)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(times))


def test_batches_repetitions_and_crashes_change_nothing(tmp_path: Path) -> None:
    """A random stream, cut, repeated and crashed at random."""
    run("batches_and_crashes", 1, tmp_path)


@pytest.mark.slow
def test_many_streams(tmp_path: Path) -> None:
    """The same with more of them."""
    run("batches_and_crashes", 10, tmp_path)


@pytest.mark.slow
def test_an_erase_that_is_interrupted_anywhere(tmp_path: Path) -> None:
    """From before it is written to after it is done; asked for again, it is as if nothing had happened in between."""
    run("erase_interrupted", 6, tmp_path)


@pytest.mark.slow
def test_a_reclassification_that_is_interrupted_anywhere(tmp_path: Path) -> None:
    """Likewise."""
    run("reclassify_interrupted", 4, tmp_path)


@pytest.mark.slow
def test_a_journal_that_is_full_at_any_page(tmp_path: Path) -> None:
    """Busy, nothing half done, and it recovers by itself; one page further each time, until all but the last page fits."""
    run("journal_full", 3, tmp_path)
