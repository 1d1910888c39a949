"""A folder with a manifest is whole, and what is handed over is there under its name whole or not at all."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from footfall import manifest
from footfall.errors import ArchiveRefused, Busy, Full
from footfall.handover import Handover
from footfall.manifest import Manifest

TOLD = Manifest("export", "0", "store", 0, 7)


def silent(done: int) -> None:
    """Nobody looks at the progress."""


def sealed(folder: Path) -> Manifest:
    folder.mkdir()
    (folder / "a").write_bytes(b"a" * 3_000_000)
    (folder / "b").write_bytes(b"")
    return manifest.seal(folder, TOLD, {"a": 5})


def test_a_sealed_folder_is_read_again(tmp_path: Path) -> None:
    """With the sizes, checksums and rows of its files; each byte counts for the bar."""
    told = sealed(tmp_path / "made")
    assert manifest.read(tmp_path / "made", "export") == told
    assert (told.bytes, told.files["a"].rows, told.files["b"].rows) == (3_000_000, 5, 0)
    done: list[int] = []
    manifest.check(tmp_path / "made", told, done.append)
    assert sum(done) == told.bytes


@pytest.mark.parametrize("names", [("a", "b"), ("b",)])
def test_what_is_damaged_is_named(tmp_path: Path, names: tuple[str, ...]) -> None:
    """The first file that is not what the manifest says; one that is missing too."""
    told = sealed(tmp_path / "made")
    for name in names:
        (tmp_path / "made" / name).write_bytes(b"c" * told.files[name].bytes + b"c")
    with pytest.raises(ArchiveRefused, match=f"{names[0]} is damaged"):
        manifest.check(tmp_path / "made", told, silent)
    (tmp_path / "made" / "a").unlink()
    with pytest.raises(ArchiveRefused, match="a is missing"):
        manifest.check(tmp_path / "made", told, silent)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "backup"}, "its manifest says backup"),
        ({"format": 2}, "a newer one"),
        ({"files": {"../a": {"bytes": 0, "sha256": ""}}}, "files elsewhere"),
        ({"files": {"..": {"bytes": 0, "sha256": ""}}}, "files elsewhere"),
    ],
)
def test_a_manifest_that_cannot_be_followed_is_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    """Nothing outside the folder is ever touched."""
    plain = {"kind": "export", "footfall": "0", "store": "", "created": 0, "position": 0}
    (tmp_path / manifest.NAME).write_bytes(msgspec.json.encode({**plain, **change}))
    with pytest.raises(ArchiveRefused, match=said):
        manifest.read(tmp_path, "export")


def test_a_manifest_of_other_bytes_is_refused(tmp_path: Path) -> None:
    """Whatever it is that cannot be read."""
    for content in (b"{", b'{"kind": "\xff"}', b"[]", b""):
        (tmp_path / manifest.NAME).write_bytes(content)
        with pytest.raises(ArchiveRefused, match="cannot be read"):
            manifest.read(tmp_path, "export")


def test_delivered_whole(tmp_path: Path) -> None:
    """Under its new name, and nothing beside it; a name that is taken stays as it is."""
    told = sealed(tmp_path / "made")
    to = tmp_path / "far" / "away"
    manifest.deliver(tmp_path / "made", told, to, silent)
    manifest.check(to, manifest.read(to, "export"), silent)
    assert [file.name for file in to.parent.iterdir()] == ["away"]
    with pytest.raises(ArchiveRefused, match="is there already"):
        manifest.deliver(tmp_path / "made", told, to, silent)


def test_what_is_made_meanwhile_stays_as_it_is(tmp_path: Path) -> None:
    """Taking files to a slow disk takes its time: another backup that is begun meanwhile harms neither. One that was begun
    before leaves nothing to be taken."""
    told, source = sealed(tmp_path / "made"), tmp_path / "made"

    def another(done: int) -> None:
        if not (source / "new").exists():
            shutil.rmtree(source, ignore_errors=True)
            source.mkdir()
            (source / "new").touch()

    manifest.deliver(source, told, tmp_path / "to", another)
    manifest.check(tmp_path / "to", told, silent)
    assert (source / "new").exists()
    manifest.seal(source, TOLD, {})
    with pytest.raises(ArchiveRefused, match="another one"):
        manifest.deliver(source, told, tmp_path / "again", silent)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["made", "to"]


def test_delivered_half_is_not_delivered(tmp_path: Path) -> None:
    """A file that went away on the way leaves nothing behind."""
    told = sealed(tmp_path / "made")
    (tmp_path / "made" / "b").unlink()
    with pytest.raises(FileNotFoundError):
        manifest.deliver(tmp_path / "made", told, tmp_path / "to" / "here", silent)
    assert list((tmp_path / "to").iterdir()) == []


async def test_one_at_a_time(tmp_path: Path) -> None:
    """A second one is told to come back; the first is not disturbed, and what it leaves is gone when the next begins."""
    handover, begun, go_on = Handover(tmp_path / "out", 0), asyncio.Event(), asyncio.Event()

    async def work(into: Path) -> list[str]:
        found = [file.name for file in await asyncio.to_thread(lambda: list(into.iterdir()))]
        (into / "file").touch()
        begun.set()
        await go_on.wait()
        return found

    first = asyncio.create_task(handover.made(work))
    await begun.wait()
    with pytest.raises(Busy, match="another backup or export"):
        await handover.made(work)
    go_on.set()
    assert (await first, await handover.made(work)) == ([], [])


async def test_no_room_is_said_before_collecting_stops(tmp_path: Path) -> None:
    """Nothing is begun, and nothing left; one that fails or is stopped on the way leaves nothing either."""

    async def work(into: Path) -> None:
        (into / "file").touch()
        await asyncio.Event().wait()

    with pytest.raises(Full, match=r"no room for it: \d+ MiB are free"):
        await Handover(tmp_path / "out", 1 << 60).made(work)
    with pytest.raises(Full, match="no room for it"):
        await Handover(tmp_path / "out", 1).made(work, need=1 << 60)
    (tmp_path / "out.left").mkdir()  # of one that was killed while it took files away
    handover = Handover(tmp_path / "out", 0)
    assert not (tmp_path / "out.left").exists()  # a look
    making = asyncio.create_task(handover.made(work))
    while not (tmp_path / "out" / "file").exists():  # noqa: ASYNC110  # it is seen on the disk
        await asyncio.sleep(0)
    await handover.close()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert not (tmp_path / "out").exists()  # a look
