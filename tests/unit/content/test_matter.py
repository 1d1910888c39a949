"""What the front matter of a file says, and where the site shows the file; whatever bytes it is made of."""
# ruff: noqa: E501 -- a row of a table is read as one line

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.content.matter import HEAD, NOTHING, Matter, date_of, read
from footfall.content.piece import Piece, piece_of
from footfall.content.source import Source, source_of
from footfall.errors import InvalidInput
from footfall.live.pages import Pages
from tests.unit.live.made import BOUNDED

MAY = int(datetime(2024, 5, 6, tzinfo=UTC).timestamp() * 1000)


def yaml(text: str) -> bytes:
    return f"---\n{text}\n---\nThe body.\n".encode()


SAID = [
    (yaml("title: A title\nslug: a-title\ndate: 2024-05-06\npublished: true\ntags: [a, b]"), Matter("A title", "a-title", "", False, MAY)),
    (b"\xef\xbb\xbf---\r\ntitle: Windows\r\n---\r\n", Matter("Windows", "", "", False, None)),
    (b"---\ntitle: Ends with dots\n...\n", Matter("Ends with dots", "", "", False, None)),
    (b"+++\ntitle = 'From TOML'\ndate = 2024-05-06T00:00:00Z\ndraft = true\nweight = 3\n+++\n", Matter("From TOML", "", "", True, MAY)),
    (b"+++\ndate = 2024-05-06\n+++\n", Matter(None, "", "", False, MAY)),
    (yaml("title: Yes"), Matter("Yes", "", "", False, None)),
    (yaml("title: 1.10"), Matter("1.10", "", "", False, None)),
    (yaml("title: '  Ümläut: \"quoted\"  '"), Matter('Ümläut: "quoted"', "", "", False, None)),
    (yaml("title:"), Matter("", "", "", False, None)),
    (yaml("Title: Names in any case\nDRAFT: True"), Matter("Names in any case", "", "", True, None)),
    (yaml("published: false"), Matter(None, "", "", True, None)),
    (yaml("published: 2024-05-06"), NOTHING),
    (yaml("draft: false\npublished: no"), Matter(None, "", "", True, None)),
    (yaml("permalink: /a/b/"), Matter(None, "", "/a/b/", False, None)),
    (yaml("url: /c"), Matter(None, "", "/c", False, None)),
    (yaml("permalink: /:year/:title/"), NOTHING),
    (yaml("permalink: /{{ page.fileSlug }}/"), NOTHING),
    (yaml("permalink:\n  build: a"), NOTHING),
    (yaml("permalink: false"), NOTHING),
    (yaml("url: https://elsewhere.example/"), NOTHING),
    (yaml("date: someday"), NOTHING),
    (yaml(""), NOTHING),
    (yaml("# nothing"), NOTHING),
    (b"No front matter.\n", None),
    (b"", None),
    (b"----\ntitle: a rule\n---\n", None),
    (b" ---\ntitle: not at the start\n---\n", None),
]  # fmt: skip


@pytest.mark.parametrize(("head", "matter"), SAID)
def test_what_a_file_says(head: bytes, matter: Matter | None) -> None:
    """Values are the text that was written; names that mean nothing here are left alone."""
    assert read(head) == matter


BROKEN = [
    (b"---\ntitle: no end\n", "front matter: expected its end, --- on a line of its own, within 64 KiB"),
    (b"---\n" + b"a: b\n" * HEAD, "front matter: expected its end"),
    (yaml("title: a: b"), r"front matter: expected YAML \(line 2: mapping values are not allowed"),
    (yaml("title: [a"), "front matter: expected YAML"),
    (yaml("title: \x07"), "front matter: expected YAML without control characters"),
    (yaml("title: *nobody"), "front matter: expected YAML"),
    (yaml("a: " + "[" * 950 + "]" * 950), "front matter: expected YAML"),
    (yaml("a: " + "{a: " * 9_000), "front matter: expected YAML"),
    (yaml("a: " + "- " * 9_000), "front matter: expected YAML"),
    (yaml("- a"), "front matter: expected names with values"),
    (yaml("only text"), "front matter: expected names with values"),
    (yaml("title: [a, b]"), "title: expected text"),
    (yaml("slug: {a: b}"), "slug: expected text"),
    (yaml("title: " + "x" * 2_049), "title: expected at most 2048 bytes"),
    (yaml('title: "\\ud800"'), "(title: expected text without lone surrogates|front matter: expected YAML)"),
    (b"---\ntitle: \xff\n---\n", "front matter: expected UTF-8"),
    (b"+++\ntitle = \n+++\n", "front matter: expected TOML"),
    (b"+++\ntitle = " + b"[" * 5_000 + b"\n+++\n", "front matter: expected TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "message"), BROKEN)
def test_what_cannot_be_read(head: bytes, message: str) -> None:
    """It is told what was expected, and where."""
    with pytest.raises(InvalidInput, match=f"^{message}"):
        read(head[:HEAD])


def test_aliases_do_not_grow() -> None:
    """What is said once and meant a billion times takes no more room than it is written in."""
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)), "title: Small"]
    assert read(yaml("\n".join(lines))) == Matter("Small", "", "", False, None)


@BOUNDED
@given(st.sampled_from([b"---\n", b"+++\n", b""]), st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.booleans())
def test_any_bytes(mark: bytes, middle: bytes, ends: bool) -> None:
    """They say something, or nothing, or are refused."""
    try:
        found = read(mark + middle + (b"\n" + mark if ends else b""))
    except InvalidInput:
        return
    if found is not None:
        piece_of(("a",), found, "/*").slug.encode()


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2024-05-06", MAY),
        ("2024-05-06T00:00:00Z", MAY),
        ("2024-05-06 02:00:00 +0200", MAY),
        ("2024-05-06 02:00:00 +02:00", MAY),
        ("0001-01-01", -62135596800000),
        ("0001-01-01T00:00:00+23:00", -62135679600000),
        ("2024-13-45", None),
        ("6 May 2024", None),
        ("", None),
    ],
)
def test_dates(text: str, ms: int | None) -> None:
    """ISO 8601 with or without a zone; all else is none."""
    assert date_of(text) == ms


PLACES = [
    ("hello", {}, "/*", "hello"),
    ("2024-05-06-hello", {}, "/*", "hello"),
    ("2024-05-06-", {}, "/*", "2024-05-06-"),
    ("_posts/2024-05-06-hello", {}, "/*", "hello"),
    ("guides/_posts/hello", {}, "/*", "guides/hello"),
    ("guides/hello", {}, "/blog/*/", "blog/guides/hello/"),
    ("guides/hello/index", {}, "/blog/*/", "blog/guides/hello/"),
    ("guides/_index", {}, "/*", "guides"),
    ("index", {}, "/blog/*/", "blog/"),
    ("index", {}, "/*", ""),
    ("hello", {"slug": "bye"}, "/*", "bye"),
    ("guides/hello", {"slug": "bye"}, "/blog/*/", "blog/guides/bye/"),
    ("guides/hello", {"slug": "/bye/"}, "/blog/*/", "blog/bye/"),
    ("guides/hello/index", {"slug": "bye"}, "/*", "guides/bye"),
    ("index", {"slug": "bye"}, "/*", "bye"),
    ("hello", {"address": "/a/b/"}, "/blog/*", "a/b/"),
    ("Grüße aus Köln", {}, "/*.html", "Grüße%20aus%20Köln.html"),
    ("100%25", {}, "/*", "100%25"),
    ("a?b#c", {}, "/*", "a%3Fb%23c"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "said", "address", "slug"), PLACES)
def test_where_a_file_is_shown(place: str, said: dict[str, str], address: str, slug: str) -> None:
    """By its name, or as it says; then a view of that path has its title."""
    piece = piece_of(place.split("/"), NOTHING._replace(title="Titled", **said), address)  # type: ignore[arg-type]  # texts
    assert piece.slug == slug
    pages = Pages()
    pages.publish("post", piece.slug, piece.title, True)
    assert pages.stat("/" + slug).title == ("Titled" if slug else "Home")


@pytest.mark.parametrize(
    ("place", "title", "date", "draft", "piece"),
    [
        ("2024-05-06-hello", None, None, False, Piece("hello", "hello", False, MAY)),
        ("2024-05-06-hello", "Said", 7, False, Piece("hello", "Said", False, 7)),
        ("2024-99-99-hello", "", None, False, Piece("hello", "", False, None)),
        ("guides/index", None, None, False, Piece("guides", "guides", False, None)),
        ("index", None, None, False, Piece("", "Home", False, None)),
        ("_drafts/hello", "Said", None, False, Piece("hello", "Said", True, None)),
        ("hello", "Said", None, True, Piece("hello", "Said", True, None)),
    ],
)
def test_what_else_a_place_says(place: str, title: str | None, date: int | None, draft: bool, piece: Piece) -> None:
    """A date in the name, a title for want of one, drafts."""
    assert piece_of(place.split("/"), Matter(title, "", "", draft, date), "/*") == piece


@pytest.mark.parametrize(
    ("draft", "date", "published"),
    [(False, None, True), (True, None, False), (False, 10, True), (False, 11, False), (True, 9, False)],
)
def test_published(draft: bool, date: int | None, published: bool) -> None:
    """No draft, and not before its date."""
    assert Piece("a", "A", draft, date).is_published(10) is published


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("/srv/posts", ("/srv/posts", "post", "/*")),
        ("/srv/pages:page", ("/srv/pages", "page", "/*")),
        ("/srv/posts:post:/blog/*/", ("/srv/posts", "post", "/blog/*/")),
        ("/srv/a:b/c:page:/*.html", ("/srv/a:b/c", "page", "/*.html")),
        ("/srv/note:book", ("/srv/note:book", "post", "/*")),
        ("/", ("/", "post", "/*")),
        ("posts", None),
        ("", None),
        ("/srv/\0", None),
        ("/" + "x" * 1_000, None),
    ],
)
def test_settings(text: str, source: tuple[str, str, str] | None) -> None:
    """A folder, and what is in it if that is not posts at the top."""
    if source is None:
        with pytest.raises(InvalidInput, match=r"^content: expected FOLDER"):
            source_of(text)
    else:
        found = source_of(text)
        assert (str(found.folder), *found[1:]) == source
        assert isinstance(found, Source)
