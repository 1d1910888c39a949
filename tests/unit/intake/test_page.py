"""Which part of an address is kept, and how it is written."""
# ruff: noqa: E501 -- a row of a table is read as one line

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.intake.page import host_of, read_page, read_path, read_referrer, readable

PATHS = [
    ("/a", "/a"),
    ("/%E8%B6%B3%E8%B7%A1", "/足跡"),
    ("/caf%c3%a9", "/café"),
    ("/%7Euser%2Dx%2e", "/~user-x."),
    ("/a%2Fb%2fc", "/a%2Fb%2Fc"),
    ("/a%20b%3Fc%23d%25e", "/a%20b%3Fc%23d%25e"),
    ("/%2541", "/%2541"),
    ("/%FF%fe", "/%FF%FE"),
    ("/%C3", "/%C3"),
    ("/%C3%28", "/%C3%28"),
    ("/100%", "/100%"),
    ("/%zz%4", "/%zz%4"),
    ("/%00%0A%1b", "/%00%0A%1B"),
    ("/%E2%80%AEevil", "/%E2%80%AEevil"),
    ("/%C2%A0", "/%C2%A0"),
    ("/%F0%9F%A6%B6", "/🦶"),
    ("/%ED%A0%80", "/%ED%A0%80"),
    ("/Straße/足跡", "/Straße/足跡"),
    ("//double//", "//double//"),
    ("/../x", "/../x"),
]
HOSTS = [
    ("https://Blog.Example/a", "blog.example"),
    ("http://blog.example:8080", "blog.example"),
    ("https://blog.example./a", "blog.example"),
    ("https://user:pa@ss@blog.example/a", "blog.example"),
    ("https://blog.example?x=@evil.example", "blog.example"),
    ("https://blog.example#@evil.example", "blog.example"),
    ("https://evil.example@blog.example/", "blog.example"),
    ("http://[2001:DB8::1]:8080/a", "[2001:db8::1]"),
    ("http://localhost:3000/", "localhost"),
    ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
    ("https://bücher.example/", "xn--bcher-kva.example"),
    ("https://under_score.example/", "under_score.example"),
    ("null", ""),
    ("", ""),
    ("about:blank", ""),
    ("//blog.example/a", ""),
    ("javascript://blog.example/%0aalert(1)", ""),
    ("https://", ""),
    ("https://.example/", ""),
    ("https://a..example/", ""),
    ("https://blog.example:port/", ""),
    ("https://blog\\.example/", ""),
    (" https://blog.example/", ""),
]
REFERRERS = [
    ("https://www.google.com/", "google.com"),
    ("https://www.google.com", "google.com"),
    ("https://news.example/story?id=1#c", "news.example/story"),
    ("https://news.example/story/", "news.example/story/"),
    ("http://News.Example:8080/%C3%A9", "news.example/é"),
    ("android-app://com.google.android.googlequicksearchbox/https/www.google.com", "com.google.android.googlequicksearchbox/https/www.google.com"),
    ("https://blog.example/b", ""),
    ("https://www.blog.example/b", ""),
    ("https://sub.blog.example/b", "sub.blog.example/b"),
    ("ftp://files.example/", ""),
    ("about:client", ""),
    ("", ""),
    ("/relative", ""),
    ("https://" + "a" * 300 + "/", ""),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "kept"), PATHS)
def test_paths(sent: str, kept: str) -> None:
    """Readable where that is safe, and one page has one path."""
    page = read_page("https://blog.example" + sent)
    assert page is not None
    assert page.path == kept == read_path(sent)


@pytest.mark.parametrize(("address", "host"), HOSTS)
def test_hosts(address: str, host: str) -> None:
    """The host that a browser would ask, and none where it would ask none."""
    assert host_of(address) == host
    page = read_page(address)
    assert (page.host if page else "") == host


@pytest.mark.parametrize(("address", "kept"), REFERRERS)
def test_referrers(address: str, kept: str) -> None:
    """Host and path of somewhere else."""
    assert read_referrer(address, "blog.example") == kept


def test_the_hosts_own_www_is_no_referrer() -> None:
    """With and without www. is one site, whichever of the two the page has."""
    assert read_referrer("https://blog.example/", "www.blog.example") == ""


def test_a_long_referrer_is_cut_between_characters() -> None:
    """2,048 bytes are kept, and no half of a character."""
    kept = read_referrer("https://ab.example/" + "é" * 2_000, "blog.example")
    assert len(kept.encode()) == 2_047
    assert kept.endswith("é")


def test_campaign() -> None:
    """All five fields, decoded; of one that is there twice the first, of a long one its start; nothing else of the query."""
    page = read_page(
        "https://b.example/?utm_source=a%20b&utm_medium=c+d&utm_campaign=%F0%9F%A6%B6&utm_content=&utm_term=%FF"
        "&utm_source=second&utm_id=7&UTM_TERM=x&token=secret"
    )
    assert page is not None
    assert page.campaign == ("a b", "c d", "🦶", "", "\ufffd")
    long = read_page("https://b.example/?utm_source=" + "x" * 3_000)
    assert long is not None
    assert long.campaign[0] == "x" * 2_048


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("page=2", "?page=2"),
        ("sort=up&page=2&x=1", "?page=2&sort=up"),
        ("page=1&page=2", "?page=1&page=2"),
        ("page", "?page"),
        ("page=", "?page="),
        ("%70age=%C3%A9%26", "?page=é%26"),
        ("paged=2", ""),
        ("", ""),
        ("&".join(["x=1"] * 200 + ["page=2"]), ""),
    ],
)
def test_parameters_that_stay(query: str, kept: str) -> None:
    """Those that the site lists, in the site's order; beyond the 200th nobody looks."""
    page = read_page(f"https://shop.example/a?{query}", ("page", "sort"))
    assert page is not None
    assert page.path == "/a" + kept


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"])))
def test_readable_is_stable(path: str) -> None:
    """Writing a path once more changes nothing, and it can always be stored."""
    once = readable(path)
    assert readable(once) == once
    once.encode()


@given(st.binary())
def test_readable_of_any_bytes(raw: bytes) -> None:
    """Whatever is percent-encoded stays storable and holds no character that could disturb a page."""
    kept = readable("".join(f"%{byte:02x}" for byte in raw))
    assert kept.isprintable()
    assert readable(kept) == kept
