"""What becomes of a request to /e: one row, one request."""
# ruff: noqa: E501 -- a row of a table is read as one line

from __future__ import annotations

import json
from typing import Any

import pytest

from footfall.intake import Caller, Intake, Place, Reason
from footfall.model import Kind, Site

NOW = 1_764_100_000_000
CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
CALLER = Caller("81.2.69.142", NOW, user_agent=CHROME, accept_language="en-GB,en;q=0.9")
VIEW = {"s": "blog", "k": "view", "i": "0123456789-", "u": "https://blog.example/a"}
BEAT = {**VIEW, "k": "beat"}
LEAVE = {**VIEW, "k": "leave"}
EVENT = {**VIEW, "k": "event", "n": "Sign up"}
SHOP = {**VIEW, "s": "shop", "u": "https://shop.example/a"}
BERLIN = Place("DE", "DE-BE", "Berlin", 52.52, 13.41)

# (what it is about, the fact sent, the caller's difference from CALLER, what the fact must hold)
ACCEPTED: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (
        "a view in full",
        {**VIEW, "a": 5, "r": "https://www.google.com/", "t": "Hello", "w": 1920, "l": "en-GB"},
        {},
        {
            "site": "blog",
            "kind": Kind.VIEW,
            "door": "script",
            "arrival": NOW,
            "age": 5,
            "path": "/a",
            "window": 1_800_000,
            "bot": "",
            "page_type": "",
            "title": "Hello",
            "hostname": "blog.example",
            "referrer": "google.com",
            "utm_source": "",
            "country": "GB",
            "region": None,
            "city": None,
            "latitude": None,
            "longitude": None,
            "browser": "Chrome",
            "browser_version": "142",
            "os": "macOS",
            "os_version": "10",
            "device": "Desktop",
            "language": "en-GB",
            "screen": "xl",
            "name": "",
            "props": None,
            "engaged": 0,
            "scroll": 0,
            "storageless": True,
        },
    ),
    ("the least there can be", VIEW, {"user_agent": CHROME}, {"age": 0, "title": "", "screen": "", "referrer": ""}),
    ("the shortest id", {**VIEW, "i": "abcdefghijk"}, {}, {"kind": Kind.VIEW}),
    ("the longest id", {**VIEW, "i": "A" * 64}, {}, {"kind": Kind.VIEW}),
    ("a session", {**VIEW, "v": "8fe3c3c0"}, {}, {"storageless": False}),
    ("an empty session is one", {**VIEW, "v": ""}, {}, {"storageless": False}),
    ("a session of 1 KiB", {**VIEW, "v": "é" * 512}, {}, {"storageless": False}),
    ("an age of over 30 minutes is for the fold", {**VIEW, "a": 1_800_001}, {}, {"age": 1_800_001}),
    ("an age of a day", {**VIEW, "a": 86_400_000}, {}, {"age": 86_400_000}),
    ("a beat", {**BEAT, "e": 20_000, "c": 55}, {}, {"kind": Kind.BEAT, "engaged": 20_000, "scroll": 55}),
    ("a leave", {**LEAVE, "e": 1, "c": 100}, {}, {"kind": Kind.LEAVE, "engaged": 1, "scroll": 100}),
    ("a page scrolled beyond its end", {**BEAT, "c": 103}, {}, {"scroll": 100}),
    ("a page pulled beyond its start", {**BEAT, "c": -4}, {}, {"scroll": 0}),
    ("a clock put back", {**BEAT, "e": -500}, {}, {"engaged": 0}),
    ("a laptop that slept for a week", {**BEAT, "e": 604_800_000}, {}, {"engaged": 86_400_000}),
    ("an event", EVENT, {}, {"kind": Kind.EVENT, "name": "Sign up", "props": None}),
    ("an event with no properties in it", {**EVENT, "d": {}}, {}, {"props": None}),
    ("30 properties", {**EVENT, "d": {f"k{n}": n for n in range(30)}}, {}, {"name": "Sign up"}),
    ("a property of 2 KiB", {**EVENT, "d": {"k": "v" * 2048}}, {}, {"props": {"k": "v" * 2048}}),
    ("an event's name of 120 characters", {**EVENT, "n": "ж" * 120}, {}, {"name": "ж" * 120}),
    ("a long title is cut", {**VIEW, "t": "é" * 2000}, {}, {"title": "é" * 1024}),
    ("a title in any script", {**VIEW, "t": "🦶 Fußabdruck 足跡"}, {}, {"title": "🦶 Fußabdruck 足跡"}),
    ("NUL in a path", {**VIEW, "u": "https://blog.example/a\0b"}, {}, {"path": "/a\0b"}),
    ("a path named constructor", {**VIEW, "u": "https://blog.example/constructor"}, {}, {"path": "/constructor"}),
    ("no path", {**VIEW, "u": "https://blog.example"}, {}, {"path": "/"}),
    ("a query and a fragment", {**VIEW, "u": "https://blog.example/a?token=secret#top"}, {}, {"path": "/a"}),
    ("a campaign", {**VIEW, "u": "https://b.example/?utm_source=news&utm_medium=e%2Bmail&utm_term=a+b"}, {}, {"utm_term": "a b"}),
    ("a host in capitals, with port and user", {**VIEW, "u": "HTTPS://me:pw@Blog.Example:8902/a"}, {}, {"hostname": "blog.example"}),
    ("its own pages are no referrer", {**VIEW, "r": "https://www.blog.example/b"}, {}, {"referrer": ""}),
    ("an app as referrer", {**VIEW, "r": "android-app://com.google.android.gm/"}, {}, {"referrer": "com.google.android.gm"}),
    ("a referrer's query", {**VIEW, "r": "https://t.co/x?amp=1"}, {}, {"referrer": "t.co/x"}),
    ("nonsense as referrer", {**VIEW, "r": "(direct)"}, {}, {"referrer": ""}),
    ("the width of a phone", {**VIEW, "w": 360}, {}, {"screen": "xs"}),
    ("a width with a fraction", {**VIEW, "w": 1097.14}, {}, {"screen": "lg"}),
    ("no width", {**VIEW, "w": 0}, {}, {"screen": ""}),
    ("a language of three parts", {**VIEW, "l": "zh-Hans-CN"}, {}, {"language": "zh-Hans"}),
    ("a language in small letters", {**VIEW, "l": "en-gb"}, {}, {"language": "en-GB"}),
    ("a region of digits", {**VIEW, "l": "es-419"}, {}, {"language": "es-419"}),
    ("a language nobody speaks", {**VIEW, "l": "*"}, {}, {"language": ""}),
    ("the language of the header", VIEW, {"accept_language": "de,en;q=0.5"}, {"language": "de"}),
    ("the script's language before the header's", {**VIEW, "l": "fr"}, {"accept_language": "de"}, {"language": "fr"}),
    ("a place told by a proxy", VIEW, {"place": BERLIN}, {"country": "DE", "region": "DE-BE", "city": "Berlin", "latitude": 52.52}),
    ("an address in a private network", VIEW, {"address": "10.0.0.7"}, {"country": None}),
    ("no address at all", VIEW, {"address": ""}, {"country": None}),
    ("an IPv6 address", VIEW, {"address": "2a00:1450:4001::1"}, {"country": "IE"}),
    ("curl at our own door", VIEW, {"user_agent": "curl/7.88.1"}, {"bot": "crawler"}),
    ("a headless browser", VIEW, {"user_agent": CHROME.replace("Chrome/", "HeadlessChrome/")}, {"bot": "automation"}),
    ("no user agent", VIEW, {"user_agent": ""}, {"bot": "empty", "browser": ""}),
    ("a site that takes facts from its own host", SHOP, {"origin": "https://shop.example"}, {"site": "shop", "window": 0}),
    ("a host below it", {**SHOP, "u": "https://eu.shop.example/a"}, {"origin": "https://eu.shop.example"}, {"hostname": "eu.shop.example"}),
    ("an origin with a port", SHOP, {"origin": "https://shop.example:8902"}, {"site": "shop"}),
    ("only a referer", SHOP, {"referer": "https://shop.example/a?x=1"}, {"site": "shop"}),
    ("an origin that the browser hides, and a referer", SHOP, {"origin": "null", "referer": "https://shop.example/"}, {"site": "shop"}),
    ("neither", SHOP, {}, {"site": "shop"}),
    ("parameters that stay", {**SHOP, "u": "https://shop.example/a?sort=up&x=1&page=2"}, {}, {"path": "/a?page=2&sort=up"}),
    ("anyone, where a site has no hosts", VIEW, {"origin": "https://elsewhere.example"}, {"site": "blog"}),
]  # fmt: skip

ADDRESS = "expected an http(s) address"
UNKNOWN = "unknown site or host"

# (what it is about, the fact sent, the caller's difference, the field named, the start of what is told, the ledger's word)
REFUSED: list[tuple[str, Any, dict[str, Any], str, str, Reason]] = [
    ("an unknown key", {**VIEW, "path": "/a"}, {}, "path", "expected only the keys of a view: s, k, i", Reason.MALFORMED),
    ("an unknown key that is no text", {**VIEW, "\ud800x": 1}, {}, "?x", "expected only the keys of a view", Reason.MALFORMED),
    ("a very long key", {**VIEW, "k" * 1000: 1}, {}, "k" * 64, "expected only the keys of a view", Reason.MALFORMED),
    ("a title on a beat", {**BEAT, "t": "Hello"}, {}, "t", "expected only the keys of a beat", Reason.MALFORMED),
    ("a name on a view", {**VIEW, "n": "x"}, {}, "n", "expected only the keys of a view", Reason.MALFORMED),
    ("an engagement on an event", {**EVENT, "e": 1}, {}, "e", "expected only the keys of a event", Reason.MALFORMED),
    ("no site", {"k": "view", "i": "0123456789-", "u": "https://a.example/"}, {}, "s", "expected the id of a site", Reason.MALFORMED),
    ("no kind", {"s": "blog", "i": "0123456789-"}, {}, "k", 'expected "view", "beat"', Reason.MALFORMED),
    ("a kind unheard of", {**VIEW, "k": "pageview"}, {}, "k", 'expected "view", "beat"', Reason.MALFORMED),
    ("a kind that is a list", {**VIEW, "k": ["view"]}, {}, "k", 'expected "view", "beat"', Reason.MALFORMED),
    ("no id", {"s": "blog", "k": "view", "u": "https://a.example/"}, {}, "i", "expected 11 to 64", Reason.MALFORMED),
    ("an id too short", {**VIEW, "i": "0123456789"}, {}, "i", "expected 11 to 64", Reason.MALFORMED),
    ("an id too long", {**VIEW, "i": "0" * 65}, {}, "i", "expected 11 to 64", Reason.MALFORMED),
    ("an id with a line's end", {**VIEW, "i": "0123456789-\n"}, {}, "i", "expected 11 to 64", Reason.MALFORMED),
    ("an id that is a number", {**VIEW, "i": 12345678901}, {}, "i", "expected 11 to 64", Reason.MALFORMED),
    ("an age below 0", {**VIEW, "a": -1}, {}, "a", "expected whole milliseconds", Reason.MALFORMED),
    ("an age over a day", {**VIEW, "a": 86_400_001}, {}, "a", "expected whole milliseconds", Reason.MALFORMED),
    ("an age with a fraction", {**VIEW, "a": 1.5}, {}, "a", "expected whole milliseconds", Reason.MALFORMED),
    ("an age that is true", {**VIEW, "a": True}, {}, "a", "expected whole milliseconds", Reason.MALFORMED),
    ("an age that is null", {**VIEW, "a": None}, {}, "a", "expected whole milliseconds", Reason.MALFORMED),
    ("no address", {"s": "blog", "k": "view", "i": "0123456789-"}, {}, "u", ADDRESS, Reason.MALFORMED),
    ("an address without a scheme", {**VIEW, "u": "/a"}, {}, "u", ADDRESS, Reason.MALFORMED),
    ("a file", {**VIEW, "u": "file:///home/me/index.html"}, {}, "u", ADDRESS, Reason.MALFORMED),
    ("an app's page", {**VIEW, "u": "android-app://com.example/"}, {}, "u", ADDRESS, Reason.MALFORMED),
    ("a host with a blank", {**VIEW, "u": "https://blog example/"}, {}, "u", ADDRESS, Reason.MALFORMED),
    ("a host of markup", {**VIEW, "u": "https://<b>/"}, {}, "u", ADDRESS, Reason.MALFORMED),
    ("no host", {**VIEW, "u": "https:///a"}, {}, "u", ADDRESS, Reason.MALFORMED),
    ("a host too long", {**VIEW, "u": f"https://{'a' * 254}/"}, {}, "u", ADDRESS, Reason.MALFORMED),
    ("a path over 16 KiB", {**VIEW, "u": "https://blog.example/" + "é" * 8192}, {}, "u", "expected a path of at most 16384", Reason.MALFORMED),
    ("a lone surrogate in the address", {**VIEW, "u": "https://blog.example/\ud800"}, {}, "u", ADDRESS, Reason.MALFORMED),
    ("a lone surrogate in the title", {**VIEW, "t": "a\udfff"}, {}, "t", "expected a string of well-formed", Reason.MALFORMED),
    ("a lone surrogate in the session", {**VIEW, "v": "\ud83d"}, {}, "v", "expected a string of well-formed", Reason.MALFORMED),
    ("a lone surrogate in a property", {**EVENT, "d": {"k": "\ud83d"}}, {}, "d", "expected an object", Reason.MALFORMED),
    ("a session over 1 KiB", {**VIEW, "v": "é" * 513}, {}, "v", "expected a string of well-formed", Reason.MALFORMED),
    ("a session that is a number", {**VIEW, "v": 7}, {}, "v", "expected a string", Reason.MALFORMED),
    ("a title that is null", {**VIEW, "t": None}, {}, "t", "expected a string", Reason.MALFORMED),
    ("a width that is text", {**VIEW, "w": "1920"}, {}, "w", "expected a number", Reason.MALFORMED),
    ("a width below 0", {**VIEW, "w": -1}, {}, "w", "expected a number", Reason.MALFORMED),
    ("a width of a building", {**VIEW, "w": 100_001}, {}, "w", "expected a number", Reason.MALFORMED),
    ("an event without a name", {**VIEW, "k": "event"}, {}, "n", "expected a string of well-formed", Reason.MALFORMED),
    ("an event of an empty name", {**EVENT, "n": ""}, {}, "n", "expected a string of well-formed", Reason.MALFORMED),
    ("an event of a name too long", {**EVENT, "n": "x" * 121}, {}, "n", "expected a string of well-formed", Reason.MALFORMED),
    ("properties in a list", {**EVENT, "d": [1]}, {}, "d", "expected an object", Reason.MALFORMED),
    ("properties in properties", {**EVENT, "d": {"a": {"b": 1}}}, {}, "d", "expected an object", Reason.MALFORMED),
    ("a property that is null", {**EVENT, "d": {"a": None}}, {}, "d", "expected an object", Reason.MALFORMED),
    ("a property without a key", {**EVENT, "d": {"": 1}}, {}, "d", "expected an object", Reason.MALFORMED),
    ("31 properties", {**EVENT, "d": {f"k{n}": n for n in range(31)}}, {}, "d", "expected an object", Reason.MALFORMED),
    ("a property over 2 KiB", {**EVENT, "d": {"k": "v" * 2049}}, {}, "d", "expected an object", Reason.MALFORMED),
    ("a number beyond measure", {**EVENT, "d": {"k": 2**64}}, {}, "d", "expected an object", Reason.MALFORMED),
    ("an engagement that is text", {**BEAT, "e": "5"}, {}, "e", "expected whole milliseconds", Reason.MALFORMED),
    ("a scroll with a fraction", {**BEAT, "c": 1.5}, {}, "c", "expected a whole number of percent", Reason.MALFORMED),
    ("a number for a fact", 7, {}, "fact", "expected an object", Reason.MALFORMED),
    ("null for a fact", None, {}, "fact", "expected an object", Reason.MALFORMED),
    ("an unknown site", {**VIEW, "s": "nobody"}, {}, "s", UNKNOWN, Reason.SITE),
    ("a site of no shape", {**VIEW, "s": "../etc\0"}, {}, "s", UNKNOWN, Reason.SITE),
    ("a page of another host", {**SHOP, "u": "https://blog.example/a"}, {}, "s", UNKNOWN, Reason.HOST),
    ("an origin of another host", SHOP, {"origin": "https://evil.example"}, "s", UNKNOWN, Reason.HOST),
    ("a referer of another host", SHOP, {"referer": "https://evil.example/shop.example"}, "s", UNKNOWN, Reason.HOST),
    ("a host that ends alike", {**SHOP, "u": "https://notshop.example/"}, {}, "s", UNKNOWN, Reason.HOST),
    ("its own host, but a page of another", {**SHOP, "u": "https://x.example/"}, {"origin": "https://shop.example"}, "s", UNKNOWN, Reason.HOST),
    ("a page fetched ahead", VIEW, {"prefetch": True}, "fact", "fetched ahead", Reason.PREFETCH),
]  # fmt: skip


def caller(change: dict[str, Any]) -> Caller:
    """CALLER with some of it changed."""
    return Caller(**{**{name: getattr(CALLER, name) for name in CALLER.__struct_fields__}, **change})


@pytest.mark.parametrize(("sent", "change", "held"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_accepted(intake: Intake, sent: dict[str, Any], change: dict[str, Any], held: dict[str, Any]) -> None:
    """A good fact is taken, and holds what was sent in the form in which it is kept."""
    taken = intake.collect(json.dumps(sent).encode(), caller(change))
    assert (taken.errors, taken.refused, taken.indexes) == ([], [], [0])
    (fact,) = taken.facts
    assert {name: getattr(fact, name) for name in held} == held
    assert 0 < fact.visitor < 2**64
    assert 0 < fact.id < 2**64


@pytest.mark.parametrize(
    ("sent", "change", "field", "told", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refused(intake: Intake, sent: Any, change: dict[str, Any], field: str, told: str, reason: Reason) -> None:
    """A bad fact is refused by the name of its field, and its refusal is counted, under its site if there is one."""
    taken = intake.collect(json.dumps(sent).encode(), caller(change))
    assert taken.facts == []
    (error,) = taken.errors
    assert (error.index, error.field, error.reason[: len(told)]) == (0, field, told)
    known = sent["s"] if isinstance(sent, dict) and sent.get("s") in ("blog", "shop") else ""
    assert taken.refused == [(known, "script", reason)]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"[" + b"1," * 100 + b"1]", b"{", b"NaN", b'{"s":NaN}', b"\xff", b'"\xff"', b"[" * 60_000, b"\xef\xbb\xbf{}", b"1" * 5_000],
    ids=["nothing", "an empty array", "101 facts", "half", "NaN", "NaN inside", "no UTF-8", "no UTF-8 in text", "depth", "a mark", "digits"],
)  # fmt: skip
def test_refused_as_a_whole(intake: Intake, body: bytes) -> None:
    """What is no JSON, or not 1 to 100 facts, is refused as a whole: there is no index to name."""
    taken = intake.collect(body, CALLER)
    assert taken.facts == []
    assert [(error.field, error.index) for error in taken.errors] in ([("body", None)], [("fact", 0)])
    assert taken.refused[0][0] == ""


def test_properties_become_text(intake: Intake) -> None:
    """Properties are kept as text: numbers as JavaScript prints them, booleans as JSON does."""
    sent = {**EVENT, "d": {"text": "é", "int": 3, "float": 9.5, "whole": 2.0, "yes": True, "no": False, "empty": ""}}
    (fact,) = intake.collect(json.dumps(sent).encode(), CALLER).facts
    assert fact.props == {"text": "é", "int": "3", "float": "9.5", "whole": "2", "yes": "true", "no": "false", "empty": ""}


def test_an_array_is_judged_one_by_one(intake: Intake) -> None:
    """Good facts are taken although their neighbours are bad, and everyone keeps its index."""
    sent = [VIEW, {**VIEW, "u": "x"}, BEAT, 5, {**VIEW, "s": "gone"}, LEAVE]
    taken = intake.collect(json.dumps(sent).encode(), CALLER)
    assert [fact.kind for fact in taken.facts] == [Kind.VIEW, Kind.BEAT, Kind.LEAVE]
    assert taken.indexes == [0, 2, 5]
    assert [(error.index, error.field) for error in taken.errors] == [(1, "u"), (3, "fact"), (4, "s")]
    assert taken.refused == [("blog", "script", "malformed"), ("", "script", "malformed"), ("", "script", "site")]


def test_one_bad_surrogate_spoils_no_other_fact(intake: Intake) -> None:
    """A lone surrogate, which the fast decoder refuses as a whole, costs only the fact that it is in."""
    taken = intake.collect(json.dumps([VIEW, {**VIEW, "t": "\ud800"}, BEAT]).encode(), CALLER)
    assert taken.indexes == [0, 2]
    assert [(error.index, error.field) for error in taken.errors] == [(1, "t")]


@pytest.mark.parametrize(
    "fact", [SHOP, {**SHOP, "u": "nonsense"}, {**SHOP, "u": "https://x.example/" + "a" * 20_000}, {**SHOP, "a": -1}]
)
def test_unknown_site_and_foreign_host_are_told_alike(intake: Intake, fact: dict[str, Any]) -> None:
    """From the answers to a stranger nobody learns which sites there are, not even by mistakes made on purpose."""
    unknown = intake.collect(json.dumps({**fact, "s": "nobody"}).encode(), caller({"origin": "https://evil.example"}))
    foreign = intake.collect(json.dumps(fact).encode(), caller({"origin": "https://evil.example"}))
    assert len(unknown.errors) == 1
    assert unknown.errors == foreign.errors


def test_sites_are_a_live_view(build: Any) -> None:
    """A site that was added later is taken, one that was removed no more."""
    sites: dict[str, Site] = {}
    intake = build(sites)
    body = json.dumps(VIEW).encode()
    assert intake.collect(body, CALLER).facts == []
    sites["blog"] = Site("blog")
    assert len(intake.collect(body, CALLER).facts) == 1


def test_the_same_id_is_the_same_fact(intake: Intake) -> None:
    """A retry has the id of the first try, whoever sends it; another id or site has another."""
    first, retry, other = (
        intake.collect(json.dumps({**VIEW, "i": id}).encode(), caller({"address": address})).facts[0]
        for id, address in (("a" * 11, "192.0.2.1"), ("a" * 11, "192.0.2.2"), ("b" * 11, "192.0.2.1"))
    )
    assert first.id == retry.id != other.id
    assert first.visitor != retry.visitor
