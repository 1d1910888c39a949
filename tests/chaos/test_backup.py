"""Backups and exports while readers come: what is fetched is whole, whatever was killed, and it counts the same."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

from footfall import manifest
from footfall.errors import ArchiveRefused

from .conftest import Start
from .load import Load, sending
from .process import QUICK, Server
from .story import Story

pytestmark = pytest.mark.slow

ROUNDS = 4


def silent(done: int) -> None:
    """Nobody looks at the progress."""


def command(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    """`footfall` in a process of its own."""
    line = [sys.executable, "-m", "footfall", *arguments, "--data-folder", str(folder)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


async def done(*arguments: str, folder: Path) -> str:
    """What it said; it must end well."""
    process = command(*arguments, folder=folder)
    said, _ = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0, said
    return said


async def test_out_and_back_under_load(start: Start, tmp_path: Path, seed: int) -> None:
    """A backup and an export are made while facts come: what was acknowledged before is in them, and every total is right."""
    load = Load(Story("chaos", seed), seed)
    server = start(program=QUICK).ready()
    server.add_site("chaos")
    async with sending(load, server.port, pause=0.05):
        before = server.snapshot("chaos")
        await done("backup", str(tmp_path / "backup"), folder=tmp_path / "data")
        await done("export", str(tmp_path / "export"), folder=tmp_path / "data")
    await load.finish(server.port)
    after = server.snapshot("chaos")
    server.stop()
    await done("restore", str(tmp_path / "backup"), folder=tmp_path / "restored")
    await done("import", "footfall", str(tmp_path / "export"), "--site", "chaos", folder=tmp_path / "taken")
    for name in ("restored", "taken"):
        again = start(folder=tmp_path / name).ready()
        assert again.differences() == []
        told = again.snapshot("chaos")
        assert before["views"] <= told["views"] <= after["views"], name
        assert before["visitors"] <= told["visitors"] <= after["visitors"], name
        again.stop()


async def test_killed_in_the_middle(start: Start, tmp_path: Path, seed: int, chance: random.Random) -> None:
    """The command or the server dies somewhere on the way: what lies under the name that was given is whole, or not there."""
    load = Load(Story("chaos", seed), seed)
    server = start(program=QUICK).ready()
    server.add_site("chaos")
    async with sending(load, server.port):
        await asyncio.sleep(0.5)
    await load.finish(server.port)
    told = []
    for number in range(ROUNDS):
        dest = tmp_path / f"backup-{number}"
        asking = command("backup", str(dest), folder=tmp_path / "data")
        await asyncio.sleep(chance.uniform(0.7, 1.6))
        (asking if number % 2 else server).kill()
        await asyncio.to_thread(asking.communicate)
        told.append(dest.exists())
        if dest.exists():
            manifest.check(dest, manifest.read(dest, "backup"), silent)
        _none_looks_whole(tmp_path)
        if number % 2 == 0:
            server = start(program=QUICK).ready()
    print(told)
    await done("backup", str(tmp_path / "good"), folder=tmp_path / "data")
    views = server.snapshot("chaos")["views"]
    server.stop()
    await done("restore", str(tmp_path / "good"), folder=tmp_path / "restored")
    again: Server = start(folder=tmp_path / "restored").ready()
    assert (again.snapshot("chaos")["views"], again.differences()) == (views, [])
    again.stop()


def _none_looks_whole(folder: Path) -> None:
    """What was left behind on the way is not taken for a backup."""
    for partial in folder.glob(".*.partial"):
        try:
            found = manifest.read(partial, "backup")
        except ArchiveRefused:
            continue
        manifest.check(partial, found, silent)
