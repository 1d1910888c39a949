"""A real folder of Markdown: what is read of it, what is warned of, and what that comes to against what is published."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from footfall.content import folder as module
from footfall.content.folder import Folder, Read
from footfall.content.piece import Piece
from footfall.content.source import Source, source_of
from footfall.content.watch import differences
from footfall.live.pages import Item, Pages
from footfall.model import Publish

NOW = 1_771_000_200_000


class Content:
    """A folder, a site's content that follows it, and the moments of its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = source_of(str(folder))
        self.reader = Folder(self.source)
        self.pages = Pages()
        self.written = 0

    def write(self, name: str, text: str | bytes) -> Path:
        """A file that has changed."""
        self.written += 1
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(file, ns=(self.written, self.written))
        return file

    def post(self, name: str, title: str, *more: str) -> Path:
        return self.write(name, "\n".join(["---", f"title: {title}", *more, "---", ""]))

    def read(self) -> Read:
        return self.reader.read(lambda: False)

    def look(self, *others: tuple[Source, Read]) -> tuple[list[Publish], list[str]]:
        """What changes, which is then published."""
        commands, warnings = differences("blog", NOW, [(self.source, self.read()), *others], self.pages.content)
        for command in commands:
            self.pages.publish(command.kind, command.slug, command.title, command.published)
        assert differences("blog", NOW, [(self.source, self.read()), *others], self.pages.content)[0] == []
        return commands, [warning.replace(f"{self.folder}", "") for warning in warnings]

    def titles(self) -> dict[str, str]:
        return {slug: item.title for (_, slug), item in self.pages.content.items() if item.published}


@pytest.fixture
def content(tmp_path: Path) -> Content:
    """An empty folder."""
    (tmp_path / "posts").mkdir()
    return Content(tmp_path / "posts")


def test_what_is_content(content: Content) -> None:
    """Markdown with front matter, in folders too, the oldest first; nothing else."""
    content.post("b.md", "B", "date: 2024-05-06")
    content.post("deep/er/a.mdx", "A", "date: 2023-05-06")
    content.post("c.markdown", "C")
    content.post("draft.md", "Draft", "draft: true")
    content.post("later.md", "Later", "date: 2099-01-01")
    content.write("README.md", "No front matter.")
    content.write("empty.md", "")
    content.write("notes.txt", "---\ntitle: No Markdown\n---\n")
    content.post(".hidden/a.md", "Hidden")
    content.post("node_modules/a.md", "Not ours")
    commands, warnings = content.look()
    assert [(command.slug, command.title) for command in commands] == [("deep/er/a", "A"), ("b", "B"), ("c", "C")]
    assert all(command == Publish("blog", NOW, "post", command.slug, command.title, True) for command in commands)
    assert warnings == []


def test_changes(content: Content) -> None:
    """Only what differs is said: a new title, a draft, a file that went or moved, a date that came."""
    files = {name: content.post(f"{name}.md", name) for name in "abcd"}
    content.post("e.md", "e", "date: 2099-01-01")
    content.look()
    content.post("a.md", "Another")
    content.post("b.md", "b", "draft: true")
    files["c"].unlink()
    files["d"].rename(content.folder / "moved.md")
    content.post("e.md", "e", "date: 2024-01-01")
    commands, _ = content.look()
    assert sorted((command.slug, command.title, command.published) for command in commands) == [
        ("a", "Another", True),
        ("b", "b", False),
        ("c", "c", False),
        ("d", "d", False),
        ("e", "e", True),
        ("moved", "d", True),
    ]
    assert content.titles() == {"a": "Another", "moved": "d", "e": "e"}


def test_only_its_own_kind(content: Content) -> None:
    """A folder of posts says nothing of pages; and nobody says anything of a kind without a folder."""
    content.pages.publish("page", "about", "About", True)
    content.pages.publish("post", "old", "Old", True)
    content.post("new.md", "New")
    assert [(command.slug, command.published) for command in content.look()[0]] == [("new", True), ("old", False)]
    assert content.pages.content["page", "about"] == Item("About", True)


BROKEN: list[tuple[str | bytes, str]] = [
    ("---\ntitle: [a\n---\n", "front matter: expected YAML"),
    ("---\ntitle: half writ", "front matter: expected its end"),
    (b"---\ntitle: \xff\xfe\n---\n", "front matter: expected UTF-8"),
    ("---\ntitle: A\nslug: " + "x" * 2_040 + "\n---\n", "slug: expected at most 2048 bytes"),
]


@pytest.mark.parametrize(("text", "warning"), BROKEN)
def test_a_file_that_cannot_be_read(text: str | bytes, warning: str, content: Content) -> None:
    """It is named, the others go on, and what it stood for stays: by the slug it had, after a restart by its name."""
    content.source = Source(content.folder, "post", "/a-longer-way/*")
    content.reader = Folder(content.source)
    content.post("named.md", "Named")
    content.post("slugged.md", "Slugged", "slug: elsewhere")
    content.look()
    content.write("named.md", text)
    content.write("slugged.md", text)
    content.post("other.md", "Other")
    commands, warnings = content.look()
    assert [command.slug for command in commands] == ["a-longer-way/other"]
    assert [told.partition(":")[0] for told in warnings] == ["/named.md", "/slugged.md"]
    assert all(f": {warning}" in told for told in warnings)
    content.reader = Folder(content.source)
    assert [(command.slug, command.published) for command in content.look()[0]] == [("a-longer-way/elsewhere", False)]
    content.post("named.md", "Again")
    assert content.look()[1] == warnings[1:]
    assert content.titles() == {"a-longer-way/named": "Again", "a-longer-way/other": "Other"}


def test_links_pipes_and_names_of_odd_bytes(content: Content) -> None:
    """None of them leads elsewhere, waits or ends it."""
    outside = content.folder.parent / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("---\ntitle: Secret\n---\n")
    (content.folder / "link.md").symlink_to(outside / "secret.md")
    (content.folder / "loop").symlink_to(content.folder)
    (content.folder / "round.md").symlink_to("round.md")
    (content.folder / "gone").symlink_to("nowhere")
    os.mkfifo(content.folder / "pipe.md")
    with open(os.fsencode(content.folder) + b"/\xff.md", "w") as file:
        file.write("---\ntitle: Odd\n---\n")
    (content.folder / "folder.md").mkdir()
    content.post("fine.md", "Fine")
    _, warnings = content.look()
    assert content.titles() == {"fine": "Fine"}
    link = "a symbolic link, which is not followed"
    assert sorted(warnings) == sorted(
        [f"/link.md: {link}", f"/loop: {link}", f"/round.md: {link}", "/\\udcff.md: its name: expected UTF-8"]
    )


def test_a_link_that_takes_a_files_place_is_not_followed(content: Content) -> None:
    """Between the look at a folder and the look into its files."""
    file = content.post("a.md", "A")
    content.look()
    with os.scandir(content.folder) as found:
        (entry,) = found
    entry.stat(follow_symlinks=False)
    secret = content.folder.parent / "secret"
    secret.write_text("---\ntitle: Secret\n---\n")
    file.unlink()
    file.symlink_to(secret)
    reader = Folder(content.source)
    known = reader._look(("a",), entry)
    assert known is not None
    assert (known.piece, known.fault) == (None, os.strerror(40))


def test_a_folder_that_is_away(content: Content) -> None:
    """A disk that is not mounted takes nothing away; neither does a folder below that cannot be read."""
    content.post("a.md", "A")
    content.post("below/b.md", "B")
    content.look()
    content.folder.rename(content.folder.with_name("away"))
    assert content.look() == ([], [": No such file or directory"])
    content.folder.with_name("away").rename(content.folder)
    (content.folder / "a.md").unlink()
    assert [command.slug for command in content.look()[0]] == ["a"]


def test_caps(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past them nothing is read, a warning says so, and nothing is taken away."""
    for name in ("a/1.md", "a/2.md", "b/3.md", "b/4.md", "b/5.md", "c/d/e/6.md"):
        content.post(name, name)
    content.look()
    (content.folder / "a" / "1.md").unlink()
    monkeypatch.setattr(module, "MOST_ENTRIES", 6)
    monkeypatch.setattr(module, "DEEPEST", 2)
    assert content.look() == (
        [],
        [
            "/b: more than 6 files up to here; what lies in it is not read",
            "/c/d/e: more than 2 folders deep; what lies in it is not read",
        ],
    )


def test_two_files_of_one_slug(content: Content) -> None:
    """The first by name counts; a warning names the slug. In another folder of the same kind too, and with another ending."""
    content.post("a.md", "First", "slug: one")
    content.post("two.md", "Two")
    content.post("two.mdx", "Too")
    content.post("b.md", "Second", "slug: one")
    other = Source(content.folder / "other", "post", "/*"), Read([Piece("one", "Third", False, None)], set(), True, [])
    commands, warnings = content.look(other)
    assert [command.title for command in commands] == ["First", "Two"]
    assert warnings == [
        ": more than one post is at /one; the first one counts",
        ": more than one post is at /two; the first one counts",
        "/other: more than one post is at /one; the first one counts",
    ]


def test_an_unchanged_file_is_not_read_again(content: Content) -> None:
    """By its time, size and number."""
    file = content.post("a.md", "A")
    content.look()
    stamp = file.stat()
    file.write_text("---\ntitle: B\n---\n")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert content.look() == ([], [])
    os.utime(file, ns=(9, 9))
    assert [command.title for command in content.look()[0]] == ["B"]


def test_it_ends_when_nobody_wants_it_any_more(content: Content) -> None:
    """A stop does not wait for ten thousand files."""
    content.post("a.md", "A")
    assert content.reader.read(lambda: True).pieces == []
