"""An import that is killed at random moments, or whose server is, and run again: every view once. And one that is large."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.cli.conftest import SECONDS, Command
from tests.cli.conftest import footfall as footfall  # the fixture
from tests.moving.exports import POSTS, expected, lines, views, write_zip
from tests.moving.test_import import blog as blog  # the fixture
from tests.moving.test_import import bring, shown

pytestmark = pytest.mark.slow

ROUNDS = 3
VIEWS = 12_000  # some 4 MiB of history


def start(footfall: Command, file: Path) -> subprocess.Popen[bytes]:
    """The command in a process that can be killed."""
    program = str(Path(sys.executable).with_name("footfall"))
    line = [program, "import", "convex", str(file), "--site", "blog", "--data-folder", str(footfall.folder)]
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def written(folder: Path) -> int:
    """Bytes in all files."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def when_written(folder: Path, more: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until so many bytes more are there, or the process has ended."""
    wanted, until = written(folder) + more, time.monotonic() + SECONDS
    while written(folder) < wanted and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)


@pytest.mark.parametrize("serving", [False, True])
def test_killed_and_run_again(blog: Command, tmp_path: Path, serving: bool) -> None:
    """Again and again, in the middle of whatever it is doing; the next run goes on, and no view is lost or doubled."""
    chance = random.Random(serving)
    documents = views(VIEWS)
    file = write_zip(tmp_path / "export.zip", {"pageViews": lines(documents), "posts": lines(POSTS)})
    for _ in range(ROUNDS):
        if serving:
            with blog.serving() as server:
                kill_in_the_middle(blog, file, chance, server.process.kill)
                server.process.wait()
        else:
            kill_in_the_middle(blog, file, chance, None)
    last = bring(blog, file)
    assert (last.code, last.err) == (0, "")
    assert shown(blog.folder) == expected(documents, POSTS)


def kill_in_the_middle(footfall: Command, file: Path, chance: random.Random, kill: Callable[[], None] | None) -> None:
    """The import itself, or what `kill` kills; the import then ends by itself and says so with its exit code."""
    with start(footfall, file) as process:
        when_written(footfall.folder, chance.randrange(1, 3_000_000), process)
        (kill or process.kill)()
        assert process.wait(SECONDS) is not None


def test_a_large_file_takes_no_more_memory(blog: Command, tmp_path: Path) -> None:
    """Of a file four times as large the command takes what it takes of the small one, and the server little more: the hashes of
    visitors, and what history buffers. Neither has room for the views themselves."""
    peaks = []
    with blog.serving() as server:
        for first, count in ((0, 50_000), (50_000, 200_000)):
            file = write_zip(tmp_path / f"{count}.zip", {"pageViews": lines(views(count, first=first))})
            with start(blog, file) as process:
                peaks.append([peak >> 20 for peak in watched(process, server.process)])
                assert process.wait(SECONDS) == 0
    (command, serving), (command_later, serving_later) = peaks
    assert command_later < command + 15, peaks
    assert serving_later < serving + 130, peaks


def watched(process: subprocess.Popen[bytes], server: subprocess.Popen[str]) -> tuple[int, int]:
    """The most memory that the command and the server had until the command ended."""
    both, peaks = [psutil.Process(process.pid), psutil.Process(server.pid)], [0, 0]
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            peaks = [max(peak, one.memory_info().rss) for peak, one in zip(peaks, both, strict=True)]
        time.sleep(0.02)
    return peaks[0], peaks[1]
