"""Whatever a client sends: intake answers, what it takes can be stored, and nobody can be found in it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from footfall.intake import Caller, Intake
from footfall.intake.wire import KEYS, KINDS
from footfall.model import Fact
from tests.examples import examples

NOW = 1_764_100_000_000
ADDRESS = "203.0.113.77"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CALLER = Caller(ADDRESS, NOW, user_agent=AGENT)

ANY_TEXT = st.text(alphabet=st.characters(), max_size=20)  # lone surrogates too
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(list(KEYS)) | ANY_TEXT, inner, max_size=6),
    max_leaves=20,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "s": st.sampled_from(["blog", "shop", "nobody"]),
    "k": st.sampled_from([*KINDS, "x"]),
    "i": st.text("abcXYZ019-_", min_size=10, max_size=12),
    "a": st.integers(-1, 90_000_000),
    "u": st.one_of(ANY_TEXT.map("https://shop.example/".__add__), ANY_TEXT.map("https://".__add__), ANY_TEXT),
    "v": ANY_TEXT,
    "r": ANY_TEXT.map("https://".__add__) | ANY_TEXT,
    "t": ANY_TEXT,
    "w": st.integers() | st.floats(),
    "l": ANY_TEXT,
    "n": ANY_TEXT,
    "d": st.dictionaries(ANY_TEXT, st.integers() | st.floats() | st.booleans() | ANY_TEXT, max_size=3),
    "e": st.integers(),
    "c": st.integers(),
}
NEARLY_A_FACT = st.fixed_dictionaries(
    {key: VALUES[key] for key in ("s", "k", "i", "u")}, optional={key: VALUES[key] for key in KEYS if key not in "skiu"}
)


def check(intake: Intake, body: bytes, items: int) -> None:
    """Every item was taken or refused, what is told back can be sent, and what was taken can be stored."""
    taken = intake.collect(body, CALLER)
    assert len(taken.facts) == len(taken.indexes)
    assert len(taken.errors) == len(taken.refused)
    if not (taken.errors and taken.errors[0].index is None):
        assert sorted(taken.indexes + [error.index for error in taken.errors if error.index is not None]) == list(range(items))
    msgspec.json.encode(taken.errors)
    for fact in taken.facts:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(fact), type=Fact) == fact


@given(ANY_JSON)
def test_any_json(intake: Intake, sent: Any) -> None:
    """No JSON, however odd, raises anything."""
    check(intake, json.dumps(sent).encode(), len(sent) if isinstance(sent, list) else 1)


@given(st.lists(NEARLY_A_FACT, min_size=1, max_size=5))
@examples(300)
def test_nearly_facts(intake: Intake, sent: list[dict[str, Any]]) -> None:
    """No mixture of good and bad values raises anything."""
    check(intake, json.dumps(sent).encode(), len(sent))


@given(st.binary(max_size=200))
def test_any_bytes(intake: Intake, body: bytes) -> None:
    """No bytes raise anything."""
    taken = intake.collect(body, CALLER)
    assert not taken.facts
    assert taken.errors


@given(st.dictionaries(st.sampled_from(["s", "p", "r", "t", "x"]), ANY_TEXT | st.just("blog")), ANY_TEXT)
def test_any_pixel(intake: Intake, params: dict[str, str], referer: str) -> None:
    """No parameters and no Referer raise anything."""
    taken = intake.pixel(params, Caller(ADDRESS, NOW, user_agent=AGENT, referer=referer.encode(errors="replace").decode()))
    assert len(taken.facts) + len(taken.errors) == 1
    for fact in taken.facts:
        msgspec.msgpack.encode(fact)


@given(st.text("abcXYZ019-_", min_size=11, max_size=64), st.none() | st.text("abcXYZ019-_", min_size=8, max_size=64))
def test_nobody_can_be_found_in_a_fact(intake: Intake, id: str, session: str | None) -> None:
    """No address, no session and no id of a client is in what is stored, nor a query, a password or a fragment."""
    sent = {
        "s": "blog",
        "k": "view",
        "i": id,
        "u": "https://me:passw0rd@blog.example/?q=s3cret#fr4gment",
        "r": "https://x.example/?q=s3cret",
    }
    body = json.dumps(sent if session is None else {**sent, "v": session}).encode()
    (fact,) = intake.collect(body, CALLER).facts
    texts = [value for value in msgspec.to_builtins(fact) if isinstance(value, str)]
    for hidden in (ADDRESS, AGENT, "passw0rd", "s3cret", "fr4gment", id, session):
        assert hidden is None or not any(hidden in text for text in texts)
    assert ADDRESS.encode() not in msgspec.msgpack.encode(fact)
