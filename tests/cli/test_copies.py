"""Backup, restore, export, import and erase as a person types them, with a server and without one."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

pytestmark = pytest.mark.slow

Footfall = Any  # tests/cli/conftest.py: Command; test files cannot import it by name
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"  # httpx' own name is a bot's
EQUAL = "Every total equals a recount of the stored rows.\n"


def send(server: Any, session: str, path: str) -> None:
    view = {
        "s": "my-site",
        "k": "view",
        "i": f"0123456789-{session}-{len(path)}{path[-1]}",
        "u": f"https://blog.example{path}",
        "v": session,
    }
    answer = httpx.post(f"{server.address}/e", json=view, headers={"user-agent": FIREFOX}, trust_env=False)
    assert answer.status_code == 204, answer.text


def in_folder(footfall: Footfall, *arguments: str, folder: Path | None = None, **more: Any) -> Any:
    return footfall(*arguments, "--data-folder", str(folder or footfall.folder), **more)


DEFINED = (
    (1, "goals", {"name": "Sign up", "event": "sign up", "path": ""}),
    (2, "segments", {"name": "Blog", "filters": [["contains", "event:page", ["/blog"]]]}),
    (3, "annotations", {"at": "2026-11-29", "text": "=Launch"}),
)


def define(footfall: Footfall, server: Any) -> None:
    """A goal, a segment and an annotation, by a key that may write."""
    made = in_folder(footfall, "key", "make", "a test", "--site", "my-site", "--scope", "write")
    headers = {"authorization": f"Bearer {made.out.strip()}"}
    for _, name, one in DEFINED:
        address = f"{server.address}/api/sites/my-site/{name}"
        httpx.post(address, json=one, headers=headers, trust_env=False).raise_for_status()


def kept(folder: Path) -> dict[str, Any]:
    """What is defined for the site in a data folder that nobody serves."""
    with closing(sqlite3.connect(folder / "journal.sqlite")) as file:
        (document,) = file.execute("SELECT document FROM documents WHERE kind = 'site' AND id = 'my-site'").fetchone()
    return {name: json.loads(document)[name] for _, name, _ in DEFINED}


def test_a_store_goes_out_and_comes_back(footfall: Footfall, tmp_path: Path) -> None:
    """While a server runs: erase, backup, export. Without one: restore, import, and every total equals a recount."""
    backup, export, restored, taken = (tmp_path / name for name in ("backup", "export", "restored", "taken"))
    with footfall.serving() as server:
        for session, path in (("ann", "/a"), ("ann", "/b"), ("bob", "/a"), ("eve", "/=1")):
            send(server, session, path)
        erase_from_the_shell(footfall)
        define(footfall, server)
        walked = in_folder(footfall, "backfill")
        assert "my-site: 3 views of 2 visitors.\n" in walked.out
        made = in_folder(footfall, "backup", str(backup))
        assert (made.code, "is a whole backup" in made.out) == (0, True), made.err
        again = in_folder(footfall, "backup", str(backup))
        assert (again.code, "is there already" in again.err) == (1, True)
        assert in_folder(footfall, "site", "edit", "my-site", "--convex", "rounded", "--yes").code == 0
        made = in_folder(footfall, "export", str(export))
        assert (made.code, "rows of my-site; " in made.out) == (0, True), made.err
        assert server.stop().code == 0
    assert in_folder(footfall, "restore", str(backup), folder=restored).code == 0
    refused = in_folder(footfall, "restore", str(backup), folder=restored)
    assert (refused.code, "is not empty" in refused.err) == (1, True)
    assert in_folder(footfall, "verify", folder=restored).out == EQUAL
    adopted = in_folder(footfall, "import", "footfall", str(export), folder=taken)
    assert (adopted.code, "my-site: 3 of 3 facts" in adopted.out) == (0, True), adopted.err
    assert "anyone who knows the address for clients can read all statistics" in adopted.err
    twice = in_folder(footfall, "import", "footfall", str(export), folder=taken)
    assert (twice.code, "holds data already" in twice.err) == (1, True)
    assert in_folder(footfall, "verify", folder=taken).out == EQUAL
    assert kept(footfall.folder) == kept(restored) == kept(taken) == {name: [{**one, "id": id}] for id, name, one in DEFINED}
    wrong = in_folder(footfall, "restore", str(export), folder=tmp_path / "other").err
    assert "is no backup: its manifest says export\n  repair: footfall import footfall takes an export" in wrong
    wrong = in_folder(footfall, "import", "footfall", str(backup), folder=taken).err
    assert "is no export: its manifest says backup\n  repair: footfall restore takes a backup" in wrong
    stopped = in_folder(footfall, "export", str(tmp_path / "again"), "--format", "parquet", folder=taken)
    assert (stopped.code, (tmp_path / "again" / "my-site.facts.parquet").exists()) == (0, True)
    assert not (footfall.folder / "outgoing" / "manifest.json").exists()


def erase_from_the_shell(footfall: Footfall) -> None:
    """Told, refused, done; with nothing named it is used wrongly."""
    assert in_folder(footfall, "erase", "my-site").code == 2
    told = in_folder(footfall, "erase", "my-site", "--session", "eve", "--dry-run")
    assert told.out == "my-site: this would erase 1 facts (1 counted views) of 1 visits, and 0 minutes of presence.\n"
    assert in_folder(footfall, "erase", "my-site", "--path", "/=1", answer="n\n").code == 1
    done = in_folder(footfall, "erase", "my-site", "--path", "/=1", "--until", time.strftime("%Y-%m-%d", time.gmtime()), "--yes")
    assert (done.code, done.out) == (0, "my-site: erased; 1 counted views went with it.\n")
    assert in_folder(footfall, "erase", "nobody", "--path", "/", "--yes").code == 1
    nothing = in_folder(footfall, "erase", "my-site", "--path", "https://blog.example/a")
    assert (nothing.code, nothing.out) == (0, "my-site: nothing matches, and nothing is erased.\n")
    backwards = in_folder(footfall, "erase", "my-site", "--since", "2025-01-01", "--until", "2024-12-31", "--yes")
    assert (backwards.code, "--since is later than --until" in backwards.err) == (2, True)


def test_verify_names_what_differs(footfall: Footfall, tmp_path: Path) -> None:
    """Exit code 1, with and without a server: here the rows of a page went behind Footfall's back."""
    with footfall.serving() as server:
        for session, path in (("ann", "/a"), ("bob", "/a"), ("bob", "/b")):
            send(server, session, path)
        assert server.stop().code == 0
    with duckdb.connect(footfall.folder / "history.duckdb") as connection:
        connection.execute("DELETE FROM facts WHERE path = '/a'")
    stopped = in_folder(footfall, "verify")
    with footfall.serving() as server:
        running = in_folder(footfall, "verify")
        server.stop()
    differences = ["views: served 3, rows 1", "visitors: served 2, rows 1", "views of /a: served 2, rows 0"]
    for ended in (stopped, running):
        assert (ended.code, ended.err) == (1, "Error: 4 totals differ from the stored rows\n")
        told = [line for line in ended.out.splitlines() if "counting since" not in line]
        assert told == [f"my-site: {difference}" for difference in differences]
