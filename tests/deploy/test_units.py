"""systemd takes the units, and what a server really does is within what they allow."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.chaos.process import Server
from tests.deploy.files import UNITS, unit

ROOT_ALONE = {"fchown"}  # SQLite calls it when it runs as root, as tests may and the units' servers do not


def needs(command: str) -> None:
    if not shutil.which(command):
        pytest.skip(f"{command} is not installed")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_takes_it(path: Path, tmp_path: Path) -> None:
    needs("systemd-analyze")
    text = path.read_text("utf-8").replace("/opt/footfall/bin/footfall", "/bin/true").replace("User=footfall", "User=daemon")
    (tmp_path / path.name).write_text(text, "utf-8")
    told = subprocess.run(["systemd-analyze", "verify", str(tmp_path / path.name)], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    ours = [line for line in told.stderr.splitlines() if path.name in line]
    assert not ours, ours


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_it_gives_few_rights(path: Path) -> None:
    settings = dict(unit(path))
    assert settings["User"] == "footfall"
    assert settings["CapabilityBoundingSet"] == ""
    on = "NoNewPrivileges PrivateDevices PrivateTmp PrivateUsers ProtectHome MemoryDenyWriteExecute RestrictNamespaces".split()
    assert {settings[name] for name in on} == {"yes"}
    assert settings["ProtectSystem"] == "strict"


@pytest.mark.slow
def test_the_filters_allow_what_a_server_does(tmp_path: Path) -> None:
    needs("systemd-analyze")
    needs("strace")
    server = Server(tmp_path / "data")
    try:
        seen = tmp_path / "calls"
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", str(seen), "-p", str(server.process.pid)])
        server.ready(90)
        server.add_site("blog")
        server.snapshot("blog")
        assert server.differences() == []
        server.stop()
        tracer.wait(20)
    finally:
        server.close()
    lines = seen.read_text().splitlines()
    called = {match[1] for line in lines if (match := re.match(r"\d+ +([a-z_0-9]+)\(", line))}
    assert "fsync" in called or "fdatasync" in called
    for path in UNITS:
        assert called - ROOT_ALONE <= allowed([value for name, value in unit(path) if name == "SystemCallFilter"])
    executable = [line for line in lines if re.search(r"(mmap|mprotect)\(.*PROT_WRITE\|PROT_EXEC", line)]
    assert not executable, "MemoryDenyWriteExecute forbids it"


def allowed(filters: list[str]) -> set[str]:
    """The calls that SystemCallFilter lines leave, one after the other."""
    told = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    sets: dict[str, list[str]] = {}
    for line in told.splitlines():
        word = line.strip()
        if line.startswith("@"):
            inside = sets[word] = []
        elif word and not word.startswith("#"):
            inside.append(word)

    def calls(name: str) -> set[str]:
        return {call for word in sets[name] for call in (calls(word) if word.startswith("@") else {word})}

    found: set[str] = set()
    for text in filters:
        named = {call for name in text.removeprefix("~").split() for call in calls(name)}
        found = found - named if text.startswith("~") else found | named
    return found
