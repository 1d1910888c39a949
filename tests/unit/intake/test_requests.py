"""Real requests and what becomes of them: requests.jsonl has one oddity of the world in each row, told in a sentence.

A row: `odd`; what it changes of a plain view (`site`, `k`, `u`, `r`, `t`, `w`, `l`, `more` keys; `ua`, other headers in `head`,
the `peer`; `pixel`: the query of an image instead); and what must come of it: fields of the fact (`is`), or why it is refused
(`no`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from footfall.intake import Caller, Intake, Taken, TrustedProxies, read_caller
from footfall.model import Site

from .conftest import SITES

ROWS = [json.loads(line) for line in Path(__file__).with_name("requests.jsonl").read_text("utf-8").splitlines()]
CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
OWN = Site("own", bots=("AcmeChecker",), not_bots=("lobbykiosk",), opt_outs=("dnt", "gpc"))
PROXIES = TrustedProxies(["10.0.0.0/8"])


@pytest.fixture(scope="module")
def intake(build: Callable[..., Intake]) -> Intake:
    """Of a plain site, one with hosts, and one with rules of its own."""
    return build({**SITES, "own": OWN})


def asked(intake: Intake, row: dict[str, Any]) -> tuple[Taken, Caller, bool]:
    """The request of a row, through all of intake."""
    told = {"user-agent": row.get("ua", CHROME), **row.get("head", {})}
    headers = [(name.encode(), value.encode()) for name, value in told.items()]
    caller, spoofed = read_caller(row.get("peer", "81.2.69.142"), headers, 1_764_100_000_000, PROXIES)
    if "pixel" in row:
        return intake.pixel(dict(parse_qsl(row["pixel"])), caller), caller, spoofed
    sent = {
        "s": row.get("site", "blog"),
        "k": row.get("k", "view"),
        "i": "0123456789-",
        "u": row.get("u", "https://blog.example/a"),
    }
    sent |= {key: row[key] for key in ("r", "t", "w", "l") if key in row} | row.get("more", {})
    return intake.collect(json.dumps(sent).encode(), caller), caller, spoofed


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["odd"].replace("/", "|"))
def test_a_real_request(intake: Intake, row: dict[str, Any]) -> None:
    """It becomes this fact, or is refused for this."""
    taken, caller, spoofed = asked(intake, row)
    if "no" in row:
        assert (taken.facts, [reason for _, _, reason in taken.refused]) == ([], [row["no"]])
        return
    assert taken.errors == []
    (fact,) = taken.facts
    found = {"address": caller.address, "spoofed": spoofed, **{name: getattr(fact, name) for name in fact.__struct_fields__}}
    assert {name: found[name] for name in row["is"]} == row["is"]


def test_every_row_is_another_oddity() -> None:
    """At least two hundred of them, each with a sentence of its own and an outcome."""
    assert len({row["odd"] for row in ROWS}) == len(ROWS) >= 200
    assert all(("is" in row) != ("no" in row) for row in ROWS)
