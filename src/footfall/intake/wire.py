"""The keys of a fact on the wire (docs/wire.md), one line each, and the judging of what was sent by them.

It knows shapes only: no site, no caller, no meaning.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

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


def _text(value: object) -> bool:
    return type(value) is str and fits(value, MAX_BODY_BYTES)


def _id(value: object) -> bool:
    return type(value) is str and _ID(value) is not None


def _session(value: object) -> bool:
    return type(value) is str and fits(value, MAX_SESSION_BYTES)


def _age(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_AGE


def _percent(value: object) -> bool:
    return type(value) is int and 0 <= value <= 100


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


ALL, VIEW, EVENT, HERE = frozenset(KINDS), frozenset({"view"}), frozenset({"event"}), frozenset({"beat", "leave"})

# key: (kinds that may carry it, kinds that must, whether a value is good, what is expected)
KEYS: dict[str, tuple[frozenset[str], frozenset[str], Callable[[object], bool], str]] = {
    "s": (ALL, ALL, _text, "the id of a site"),
    "k": (ALL, ALL, _text, '"view", "beat", "event" or "leave"'),
    "i": (ALL, ALL, _id, "11 to 64 characters of A-Z a-z 0-9 _ -"),
    "a": (ALL, frozenset(), _age, "whole milliseconds, from 0 to a day"),
    "u": (ALL, ALL, _text, "an http(s) address"),
    "v": (ALL, frozenset(), _session, f"a string of at most {MAX_SESSION_BYTES} bytes of well-formed UTF-8"),
    "r": (VIEW, frozenset(), _text, "a string of well-formed Unicode"),
    "t": (VIEW, frozenset(), _text, "a string of well-formed Unicode"),
    "w": (VIEW, frozenset(), _width, f"a number from 0 to {MAX_WIDTH}"),
    "l": (VIEW, frozenset(), _text, "a string of well-formed Unicode"),
    "n": (EVENT, EVENT, _name, f"a string of 1 to {MAX_NAME} characters"),
    "d": (
        EVENT,
        frozenset(),
        _properties,
        f"an object of at most {MAX_PROPERTIES} strings (at most {MAX_TEXT_BYTES} bytes), numbers or booleans",
    ),
    "e": (HERE, frozenset(), _age, "whole milliseconds, from 0 to a day"),
    "c": (HERE, frozenset(), _percent, "a whole number from 0 to 100"),
}

PIXEL_KEYS = {
    "s": KEYS["s"][3],
    "p": "a path, or a Referer header with the page's address",
    "r": KEYS["r"][3],
    "t": KEYS["t"][3],
}

_CHECKS = {kind: {key: row[2] for key, row in KEYS.items() if kind in row[0]} for kind in KINDS}
_REQUIRED = {kind: frozenset(key for key, row in KEYS.items() if kind in row[1]) for kind in KINDS}


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
    """The parameters of a pixel that mean something. Raises Refuse when the site is missing or one is no text."""
    sent = {key: params[key] for key in PIXEL_KEYS if key in params}
    for key, value in sent.items():
        if not _text(value):
            raise malformed(key)
    if "s" not in sent:
        raise malformed("s")
    return sent


def malformed(key: str) -> Refuse:
    """The refusal of a key's value, or of its absence."""
    return Refuse(Reason.MALFORMED, key, KEYS[key][3] if key in KEYS else PIXEL_KEYS[key])


def _shown(key: str) -> str:
    """A key of the sender's own making, fit to be told back."""
    return key[:64].encode(errors="replace").decode()


def property_text(value: object) -> str:
    """A property as it is kept: text. Numbers as JavaScript prints them where that is whole, booleans as in JSON."""
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
