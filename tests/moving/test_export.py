"""Reading an export: a zip file or a folder, as a stream, whatever is in it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from footfall.moving import export
from footfall.moving.export import CHUNK_LINES, MOST_LINE, Table, Unreadable, open_export
from tests.moving.exports import lines, unpack, views, write_zip


def read(table: Table) -> tuple[list[tuple[int, bytes]], list[int], int]:
    """(numbered lines, numbers of lines that are too long, bytes) of all chunks."""
    kept, long, size = list[tuple[int, bytes]](), list[int](), 0
    for chunk in table.chunks():
        kept += zip(chunk.numbers, chunk.lines, strict=True)
        long += chunk.long
        size += chunk.read
    return kept, long, size


def everything(path: Path) -> dict[str, list[bytes]]:
    """All lines of all tables."""
    with open_export(path) as tables:
        return {table.name: [line for _, line in read(table)[0]] for table in tables}


@pytest.mark.parametrize("top", ["", "snapshot_17/"])
def test_a_zip_file_and_the_folder_it_unpacks_to(tmp_path: Path, top: str) -> None:
    """The same lines, in the same order; tables that it does not have are left out, components have tables of their own."""
    made = {"posts": lines(views(3, seed=2)), "pageViews": lines(views(7)), "viewCounts": b"{}\n"}
    file = write_zip(tmp_path / "export.zip", made, top)
    wanted = {name: made[name].splitlines(keepends=True) for name in ("pageViews", "posts")}
    assert everything(file) == everything(unpack(file)) == wanted
    assert list(everything(file)) == ["pageViews", "posts"]


def test_chunks_are_bounded_and_lines_keep_their_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty lines are passed over; the last one needs no end; one that is too long is left out by its number, never kept."""
    monkeypatch.setattr(export, "MOST_LINE", 10)
    monkeypatch.setattr(export, "CHUNK_LINES", 2)
    text = b"1\n\n \r\n4\r\n" + b"5" * 95 + b"\n" + b"6" * 9 + b"\n" + b"7" * 10 + b"\n8\n9"
    with open_export(write_zip(tmp_path / "export.zip", {"pageViews": text})) as (table,):
        kept, long, size = read(table)
        assert max(len(chunk.lines) for chunk in table.chunks()) == 2
    assert kept == [(1, b"1\n"), (4, b"4\r\n"), (6, b"6" * 9 + b"\n"), (8, b"8\n"), (9, b"9\n")]
    assert (long, size, table.size) == ([5, 7], len(text), len(text))


def test_a_bomb_is_one_long_line(tmp_path: Path) -> None:
    """A gigabyte of zeros, as far as the file tells, takes no more memory than one line."""
    with (
        zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as made,
        made.open("pageViews/documents.jsonl", "w") as entry,
    ):
        for _ in range(24):
            entry.write(bytes(MOST_LINE))
    with open_export(tmp_path / "export.zip") as (table,):
        assert read(table) == ([], [1], 24 * MOST_LINE)


def test_names_lead_nowhere(tmp_path: Path) -> None:
    """Only tables are looked up, by their own names; nothing is written."""
    evil = ("../pageViews/documents.jsonl", "/etc/pages/documents.jsonl", "a/b/posts/documents.jsonl", "pages\\documents.jsonl")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as made:
        for name in ("activeSessions/documents.jsonl", *evil):
            made.writestr(name, name + "\n")
    before = sorted(tmp_path.rglob("*"))
    assert set(everything(tmp_path / "export.zip")) <= {"activeSessions", "pageViews"}
    assert sorted(tmp_path.rglob("*")) == before


def test_files_that_are_no_export(tmp_path: Path) -> None:
    """One sentence says what was expected."""
    (tmp_path / "text").write_text("hello")
    with pytest.raises(Unreadable, match="neither a zip file nor a folder"):
        everything(tmp_path / "text")
    with pytest.raises(Unreadable, match=r"no pageViews/documents\.jsonl in it \(npx convex export"):
        everything(tmp_path)
    with pytest.raises(Unreadable, match="an export, but of another application"):
        everything(write_zip(tmp_path / "other.zip", {"messages": b"{}\n"}))


def damaged(file: Path) -> None:
    content = bytearray(file.read_bytes())
    at = content.index(b"pageViews/documents.jsonl") + 5_000
    content[at : at + 40] = bytes(40)
    file.write_bytes(content)


def encrypted(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(mark, at + 1)) >= 0:
            content[at + flags] |= 1
    file.write_bytes(content)


@pytest.mark.parametrize("spoil", [damaged, encrypted])
def test_files_that_are_damaged(tmp_path: Path, spoil: object) -> None:
    """What could be read came; then it says which table it was."""
    file = write_zip(tmp_path / "export.zip", {"pageViews": lines(views(CHUNK_LINES // 2))})
    assert callable(spoil)
    spoil(file)
    with pytest.raises(Unreadable, match=r"pageViews/documents\.jsonl cannot be read"):
        everything(file)


def test_a_folder_that_cannot_be_read_to_its_end(tmp_path: Path) -> None:
    """A table that is gone when its turn comes."""
    folder = unpack(write_zip(tmp_path / "export.zip", {"pageViews": b"{}\n"}))
    with open_export(folder) as (table,):
        shutil.rmtree(folder)
        with pytest.raises(Unreadable, match="pageViews"):
            read(table)
