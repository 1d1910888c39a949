"""Values on the wire of the original's platform."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.convex.values import Integer, number, parsed, read, read_timestamp, shown, timestamp, written
from footfall.errors import InvalidInput


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3.0"),
        (0, "0.0"),
        (1.5, "1.5"),
        (-0.0, '{"$float":"AAAAAAAAAIA="}'),
        (math.nan, '{"$float":"AAAAAAAA+H8="}'),
        (math.inf, '{"$float":"AAAAAAAA8H8="}'),
        (-math.inf, '{"$float":"AAAAAAAA8P8="}'),
        (True, "true"),
        (None, "null"),
        ({"a": [1, "x"]}, '{"a":[1.0,"x"]}'),
    ],
)
def test_values_are_written_as_the_clients_read_them(value: object, text: str) -> None:
    """Whole numbers have a point, without which one client refuses them; and what is written is read again."""
    assert written(value) == text
    again = read(parsed(text))
    assert again == value or (isinstance(again, float) and math.isnan(again))


def test_bytes_and_integers_are_read_as_what_they_are() -> None:
    """Neither is a number or a text, which is all that the functions take."""
    assert read({"$bytes": "AQIDBA=="}) == b"\1\2\3\4"
    assert isinstance(read({"$integer": "BwAAAAAAAAA="}), Integer)


@pytest.mark.parametrize("value", [{"$float": "AA=="}, {"$float": 1}, {"$set": []}, {"$integer": "!"}, {"$float": "é"}])
def test_what_no_client_writes_is_refused(value: object) -> None:
    """With the name of where it was."""
    with pytest.raises(InvalidInput) as error:
        read({"latitude": value})
    assert error.value.field == "args"


def test_depth_has_an_end() -> None:
    """Neither parsing nor reading goes deeper than the interpreter can."""
    with pytest.raises(InvalidInput):
        read(json.loads("[" * 100 + "]" * 100))
    with pytest.raises(ValueError, match="nested"):
        parsed("[" * 100_000)


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a":Infinity}', b"\xff", '"\xed'])
def test_what_is_no_json_is_refused(text: Any) -> None:
    """Also the literals that Python alone would take."""
    with pytest.raises(ValueError):  # noqa: PT011  # in the words of whoever parsed it
        parsed(text)


def test_one_bad_argument_is_no_bad_message() -> None:
    """A lone surrogate in a path is a matter of that path."""
    assert parsed('{"path":"\\ud800"}') == {"path": "\ud800"}
    assert shown("path \ud800") == "path ?"
    assert len(shown("x" * 10_000)) == 500


@given(st.integers(0, 2**64 - 1))
def test_a_ts_comes_back(ts: int) -> None:
    """All 64 bits."""
    assert read_timestamp(timestamp(ts)) == ts


def test_a_ts_as_recorded() -> None:
    """As a client wrote it, and what is none."""
    assert timestamp(0) == "AAAAAAAAAAA="
    with pytest.raises(ValueError):  # noqa: PT011  # in the words of whoever parsed it
        read_timestamp("AAAA")
    assert number(2) == 2.0
