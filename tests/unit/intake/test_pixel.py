"""What becomes of a request for /p.gif: one row, one request."""

from __future__ import annotations

import pytest

from footfall.intake import Caller, Intake
from footfall.model import Kind

NOW = 1_764_100_000_000
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGE = "https://blog.example.test:8902/posts/hello-world?utm_source=newsletter&utm_medium=email&utm_campaign=spring&q=x"


def caller(referer: str = "", prefetch: bool = False) -> Caller:
    """A reader in Firefox."""
    return Caller("81.2.69.142", NOW, user_agent=FIREFOX, referer=referer, accept_language="en-GB,en;q=0.8", prefetch=prefetch)


ACCEPTED = [
    ({"s": "blog", "p": "/a"}, "", {"path": "/a", "hostname": "", "language": "en-GB", "browser": "Firefox"}),
    ({"s": "blog"}, PAGE, {"path": "/posts/hello-world", "hostname": "blog.example.test", "utm_campaign": "spring"}),
    ({"s": "blog", "p": "/real"}, "https://blog.example.test/", {"path": "/real", "hostname": "blog.example.test"}),
    ({"s": "blog", "p": ""}, "https://blog.example.test/b", {"path": "/b"}),
    ({"s": "blog", "p": "/a?token=secret#x"}, "", {"path": "/a"}),
    ({"s": "blog", "p": "/caf%C3%A9%2Fx"}, "", {"path": "/café%2Fx"}),
    ({"s": "blog", "p": "/a\udcff"}, "", {"path": "/a%FF"}),
    ({"s": "blog", "p": "/a b<\u200b"}, "", {"path": "/a%20b%3C%E2%80%8B"}),
    ({"s": "blog", "p": "/a", "t": "\udcff"}, "", {"path": "/a", "title": "\ufffd"}),
    ({"s": "blog", "p": "/a", "r": "https://www.t.co/x?y", "t": "Hello"}, "", {"referrer": "t.co/x", "title": "Hello"}),
    ({"s": "blog", "p": "/a", "rnd": "0.123"}, "", {"path": "/a"}),
    ({"s": "shop", "p": "/a?page=2"}, "https://shop.example/", {"path": "/a?page=2", "window": 0}),
]
REFUSED = [
    ({}, PAGE, "s", "", "malformed"),
    ({"s": "nobody", "p": "/a"}, "", "s", "", "site"),
    ({"s": "nobody"}, "", "p", "", "malformed"),
    ({"s": "blog"}, "", "p", "blog", "malformed"),
    ({"s": "blog"}, "about:blank", "p", "blog", "malformed"),
    ({"s": "blog", "p": "/" + "a" * 16_384}, "", "p", "blog", "malformed"),
    ({"s": "blog", "p": "/\ud800"}, "", "p", "blog", "malformed"),
    ({"s": "blog", "p": "foo"}, "", "p", "blog", "malformed"),
    ({"s": "blog", "p": "?a=1"}, PAGE, "p", "blog", "malformed"),
    ({"s": "blog", "p": "https://blog.example.test/a"}, PAGE, "p", "blog", "malformed"),
    ({"s": "shop", "p": "/a"}, "https://evil.example/", "s", "shop", "host"),
    ({"s": "shop", "p": "/a"}, "", "s", "shop", "host"),
]


@pytest.mark.parametrize(("params", "referer", "held"), ACCEPTED)
def test_accepted(intake: Intake, params: dict[str, str], referer: str, held: dict[str, object]) -> None:
    """A pixel is a view by a reader of whom only address and user agent are known."""
    taken = intake.pixel(params, caller(referer))
    assert (taken.errors, taken.refused, taken.indexes) == ([], [], [0])
    (fact,) = taken.facts
    assert {name: getattr(fact, name) for name in held} == held
    assert (fact.kind, fact.door, fact.age, fact.storageless) == (Kind.VIEW, "pixel", 0, True)


@pytest.mark.parametrize(("params", "referer", "field", "site", "reason"), REFUSED)
def test_refused(intake: Intake, params: dict[str, str], referer: str, field: str, site: str, reason: str) -> None:
    """A pixel that cannot be counted says which parameter is to blame."""
    taken = intake.pixel(params, caller(referer))
    assert taken.facts == []
    assert [(error.index, error.field) for error in taken.errors] == [(None, field)]
    assert taken.refused == [(site, "pixel", reason)]


def test_fetched_ahead(intake: Intake) -> None:
    """An image that a browser fetches before anyone asked for the page is no view."""
    assert intake.pixel({"s": "blog", "p": "/a"}, caller(prefetch=True)).refused == [("blog", "pixel", "prefetch")]


def test_every_pixel_is_a_fact_of_its_own(intake: Intake) -> None:
    """A pixel has no id, so two of them are two facts; they are of one visitor, the same as the script's."""
    first, second = (intake.pixel({"s": "blog", "p": "/a"}, caller()).facts[0] for _ in range(2))
    assert first.id != second.id
    assert first.visitor == second.visitor
    body = b'{"s":"blog","k":"view","i":"0123456789-","u":"https://blog.example.test/a"}'
    assert intake.collect(body, caller()).facts[0].visitor == first.visitor
