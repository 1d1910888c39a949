"""The keys of a fact on the wire (docs/wire.md), one line each, and the judging of what was sent by them.

It knows shapes only: no site, no caller, no meaning.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote

import msgspec

from footfall.intake.reasons import Reason, Refuse
from footfall.intake.text import fits
from footfall.model import Kind
from footfall.rules import HOUR, MAX_FACTS_PER_REQUEST, MAX_PROPERTIES, MAX_SESSION_BYTES, MAX_TEXT_BYTES

KINDS = {"view": Kind.VIEW, "beat": Kind.BEAT, "event": Kind.EVENT, "leave": Kind.LEAVE}

MAX_BODY_BYTES = 64 * 1024
MAX_AGE = 24 * HOUR  # beyond that it is no age but nonsense; what is too late is for the fold to say
MAX_NAME = 120
MAX_PROPERTY_KEY_BYTES = 300
MAX_WIDTH = 100_000

Sent = dict[str, Any]  # a fact as it was sent, after `judge`

_ID = re.compile(r"[A-Za-z0-9_-]{11,64}").fullmatch
_JSON = msgspec.json.Decoder()
_STANDS = "%/?#[]@!$&'()*+,;=:|^\\"  # beside letters, digits and - . _ ~, what browsers leave as it is in an address


def _text(value: object) -> bool:
    return type(value) is str and (value.isascii() or fits(value, MAX_BODY_BYTES))


def _id(value: object) -> bool:
    return type(value) is str and _ID(value) is not None


def _session(value: object) -> bool:
    return type(value) is str and fits(value, MAX_SESSION_BYTES)


def _age(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_AGE


def _whole(value: object) -> bool:
    return type(value) is int


def _width(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= MAX_WIDTH  # type: ignore[operator]  # the types were just asked for


def _name(value: object) -> bool:
    return type(value) is str and 0 < len(value) <= MAX_NAME and fits(value, 4 * MAX_NAME)


def _property(value: object) -> bool:
    if type(value) is str:
        return fits(value, MAX_TEXT_BYTES)
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is bool or (type(value) is int and value.bit_length() <= 64)


def _properties(value: object) -> bool:
    return (
        type(value) is dict
        and len(value) <= MAX_PROPERTIES
        and all(key and fits(key, MAX_PROPERTY_KEY_BYTES) and _property(told) for key, told in value.items())
    )


ALL, NONE = frozenset(KINDS), frozenset[str]()
VIEW, EVENT, HERE = frozenset({"view"}), frozenset({"event"}), frozenset({"beat", "leave"})


class Key(NamedTuple):
    """`may`, `must`: the kinds of fact that may or must carry it; `good`: whether a value is one; `expected`: in words."""

    may: frozenset[str]
    must: frozenset[str]
    good: Callable[[object], bool]
    expected: str


_TEXT = "a string of well-formed Unicode"

KEYS = {
    "s": Key(ALL, ALL, _text, "the id of a site"),
    "k": Key(ALL, ALL, _text, '"view", "beat", "event" or "leave"'),
    "i": Key(ALL, ALL, _id, "11 to 64 characters of A-Z a-z 0-9 _ -"),
    "a": Key(ALL, NONE, _age, "whole milliseconds, from 0 to 30 minutes"),
    "u": Key(ALL, ALL, _text, "an http(s) address"),
    "v": Key(ALL, NONE, _session, f"{_TEXT}, at most {MAX_SESSION_BYTES} bytes as UTF-8"),
    "r": Key(VIEW, NONE, _text, _TEXT),
    "t": Key(VIEW, NONE, _text, _TEXT),
    "w": Key(VIEW, NONE, _width, f"a number from 0 to {MAX_WIDTH}"),
    "l": Key(VIEW, NONE, _text, _TEXT),
    "n": Key(EVENT, EVENT, _name, f"{_TEXT}, 1 to {MAX_NAME} characters"),
    "d": Key(
        EVENT,
        NONE,
        _properties,
        f"an object of at most {MAX_PROPERTIES} strings (at most {MAX_TEXT_BYTES} bytes), numbers or booleans",
    ),
    # Measures, taken by clocks that jump and pages that overscroll: put right (`within`), for the sign of life counts more.
    "e": Key(HERE, NONE, _whole, "whole milliseconds"),
    "c": Key(HERE, NONE, _whole, "a whole number of percent"),
}

PIXEL_KEYS = {
    "s": KEYS["s"].expected,
    "p": "a path that begins with /, or a Referer header with the page's address",
    "r": _TEXT,
    "t": _TEXT,
}

_CHECKS = {kind: {key: row.good for key, row in KEYS.items() if kind in row.may} for kind in KINDS}
_REQUIRED = {kind: frozenset(key for key, row in KEYS.items() if kind in row.must) for kind in KINDS}


def decode(body: bytes) -> list[object]:
    """The items of a request body. Raises Refuse when it is not JSON in UTF-8, or not one item or an array of 1 to 100."""
    try:
        sent = _JSON.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        sent = _decode_slowly(body)
    items = sent if type(sent) is list else [sent]
    if not 1 <= len(items) <= MAX_FACTS_PER_REQUEST:
        raise Refuse(Reason.BODY, "body")
    return items


def _decode_slowly(body: bytes) -> object:
    """The same for the little that msgspec refuses as a whole and that has a field to be named: lone surrogates, 1e999."""
    try:
        return json.loads(body.decode(), parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise Refuse(Reason.BODY, "body") from None


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)


def judge(item: object) -> Sent:
    """The item, if every key is known for its kind, every required key is there and every value good; else raises Refuse."""
    if type(item) is not dict:
        raise Refuse(Reason.MALFORMED, "fact", "an object")
    kind = item.get("k")
    if type(kind) is not str or kind not in KINDS:
        raise malformed("k")
    checks = _CHECKS[kind]
    for key, value in item.items():
        check = checks.get(key)
        if check is None:
            raise Refuse(Reason.MALFORMED, _shown(key), f"only the keys of a {kind}: {', '.join(checks)}")
        if not check(value):
            raise malformed(key)
    if not _REQUIRED[kind] <= item.keys():
        raise malformed(next(key for key in KEYS if key in _REQUIRED[kind] and key not in item))
    return item


def judge_pixel(params: Mapping[str, str]) -> Sent:
    """The parameters of a pixel that mean something, addresses as /e gets them. Raises Refuse when the site is missing or one
    is no text. Bytes that are not UTF-8 come as lone surrogates (surrogateescape)."""
    sent: Sent = {}
    for key in PIXEL_KEYS.keys() & params.keys():
        try:
            raw = params[key].encode(errors="surrogateescape")
        except UnicodeEncodeError:
            raise malformed(key) from None
        sent[key] = quote(raw, safe=_STANDS) if key in ("p", "r") else raw.decode(errors="replace")
    if "s" not in sent:
        raise malformed("s")
    return sent


def malformed(key: str) -> Refuse:
    """The refusal of a key's value, or of its absence."""
    return Refuse(Reason.MALFORMED, key, KEYS[key].expected if key in KEYS else PIXEL_KEYS[key])


def _shown(key: str) -> str:
    """A key of the sender's own making, fit to be told back."""
    return key[:64].encode(errors="replace").decode()


def within(value: int, limit: int) -> int:
    """The nearest whole number from 0 to `limit`."""
    return min(max(value, 0), limit)


def property_text(value: object) -> str:
    """A property as it is kept: text. Numbers as JavaScript prints them where that is whole, booleans as in JSON."""
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
