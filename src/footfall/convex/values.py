"""Values as the clients write them in JSON: every number is a float; what JSON cannot hold is base64 of little-endian bytes."""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from collections.abc import Mapping
from typing import NoReturn

import msgspec

from footfall.errors import InvalidInput

_DECODER = msgspec.json.Decoder()
_DEEPEST = 64  # levels of a value, which is the clients' own limit
_encode = msgspec.json.Encoder().encode


def parsed(text: str | bytes) -> object:
    """JSON as Python has it. Raises ValueError for what is none."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except msgspec.DecodeError:
        return _parsed_slowly(text)


def _parsed_slowly(text: str | bytes) -> object:
    """The little that msgspec refuses as a whole, though only one argument is to blame: lone surrogates, 1e999."""
    try:
        return json.loads(text, parse_constant=_no_json)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_json(constant: str) -> NoReturn:
    raise ValueError(constant)


def read(value: object, depth: int = 0) -> object:
    """A value as Python has it. Raises InvalidInput for what no client writes."""
    if depth > _DEEPEST:
        raise InvalidInput("args", f"at most {_DEEPEST} levels")
    if isinstance(value, list):
        return [read(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (key := next(iter(value))).startswith("$"):
        return _special(key, value[key])
    return {key: read(item, depth + 1) for key, item in value.items()}


def _special(kind: str, text: object) -> object:
    try:
        content = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        content = b""
    if kind == "$bytes":
        return content
    if len(content) == 8 and kind == "$float":
        return struct.unpack("<d", content)[0]
    if len(content) == 8 and kind == "$integer":
        return Integer()
    raise InvalidInput("args", f"values that can be sent, not {kind[:20]!r}")


class Integer:
    """Stands for a 64-bit integer, which to the clients is another type than a number: no function here takes one."""


def written(value: object) -> str:
    """A result as JSON."""
    return _encode(_plain(value)).decode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return value


def number(value: float) -> object:
    """A number as JSON: one of the clients refuses whole numbers without a point."""
    value = float(value)
    if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
        return {"$float": base64.b64encode(struct.pack("<d", value)).decode()}
    return value


def shown(text: str) -> str:
    """A message that may repeat what a client sent: well-formed and of a bounded length."""
    return text[:500].encode(errors="replace").decode()


def timestamp(ts: int) -> str:
    """A ts as it is written."""
    return base64.b64encode(ts.to_bytes(8, "little")).decode()


def read_timestamp(text: str) -> int:
    """A ts as a client repeats it. Raises ValueError."""
    content = base64.b64decode(text, validate=True)
    if len(content) != 8:
        raise ValueError("a ts has 8 bytes")
    return int.from_bytes(content, "little")
