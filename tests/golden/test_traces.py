"""Golden traces of the original module: the engine agrees in every operation, also when it is restarted or killed in between."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.golden.conftest import Agree, Replay
from tests.golden.traces import EXPECTED, HERE, Unreadable, agrees, found, load, on_purpose, same

HAND = [file for file in found("traces") if file.name.startswith("hand_")]
OTHERS = [file for file in found("traces") if not file.name.startswith("hand_")]
DELETED = HERE / "traces" / "hand_12_deleted_rows.json"
TOTALS = {"totalPageViews", "uniqueVisitors", "pageStats"}


@pytest.mark.slow
def test_hand_made_traces_agree(agree: Agree) -> None:
    """Every rule at its limits, from an empty folder to the end; the fast suite has what clients can do in test_over_http.py."""
    agree(HAND)


@pytest.mark.slow
def test_long_traces_agree(agree: Agree) -> None:
    """Thousands of operations at random."""
    agree(OTHERS)


@pytest.mark.slow
def test_all_agree_when_restarted_after_every_operation(agree: Agree) -> None:
    """Closing and opening again changes nothing: who is here, in which order, what was queued."""
    agree(HAND, "--restart-every", "1")


@pytest.mark.slow
def test_all_agree_when_killed_after_every_operation(agree: Agree) -> None:
    """What was answered survives SIGKILL, with presence, its places and the order of its rows."""
    agree(HAND, "--crash-every", "1")


@pytest.mark.slow
def test_long_traces_agree_when_restarted_now_and_then(agree: Agree) -> None:
    """A prime, so that restarts fall on other operations in every round."""
    agree(OTHERS, "--restart-every", "97")


@pytest.mark.slow
def test_long_traces_agree_when_killed_now_and_then(agree: Agree) -> None:
    """As above, with SIGKILL."""
    agree(OTHERS, "--crash-every", "211")


# --- the one intended difference ---


@pytest.mark.slow
def test_totals_follow_the_rows_that_are_left(replay: Replay) -> None:
    """After rows were removed the original's totals stick to its counters; compared with it as it is, that shows."""
    run = replay([DELETED])
    differing = len(json.loads((EXPECTED / DELETED.name).read_bytes())["operations"])
    assert run.stdout == f"hand_12_deleted_rows: 48 operations, {differing} mismatches\n"
    assert run.returncode == 1


def test_what_is_expected_after_a_removal_is_a_recount_of_the_rows() -> None:
    """The expected values are those of counting the stored rows, and nothing but totals differs from the trace."""
    recorded, expected = load(DELETED), on_purpose(load(DELETED))
    rows: list[tuple[str, str, int]] = []
    for operation, outcome, wanted in zip(recorded.operations, recorded.outcomes, expected.outcomes, strict=True):
        rows = _after(rows, operation)
        if operation["op"] == "getStats":
            counted = _counted(rows)
            assert same({name: wanted["result"][name] for name in TOTALS}, counted)
            assert same({**outcome["result"], **counted}, wanted["result"])
        else:
            assert wanted == outcome


def _after(rows: list[tuple[str, str, int]], operation: Any) -> list[tuple[str, str, int]]:
    """The rows (path, session, time) after an operation; no view of this trace repeats another."""
    match operation["op"]:
        case "recordPageView":
            return [*rows, (operation["args"]["path"], operation["args"]["sessionId"], operation["at_ms"])]
        case "insertRaw":
            return [*rows, (operation["doc"]["path"], operation["doc"]["sessionId"], operation["doc"]["timestamp"])]
        case "deleteRaw":
            ((name, value),) = operation["match"].items()
            return [row for row in rows if row[("path", "sessionId").index(name)] != value]
    return rows


def _counted(rows: list[tuple[str, str, int]]) -> dict[str, object]:
    views = sorted(Counter(path for path, _, _ in rows).items(), key=lambda entry: (-entry[1], entry[0]))
    return {
        "totalPageViews": len(rows),
        "uniqueVisitors": len({session for _, session, _ in rows}),
        "pageStats": [{"path": path, "title": path, "pageType": "other", "views": count} for path, count in views],
    }


# --- the replay itself ---


def _trace(tmp_path: Path, *operations: dict[str, Any]) -> Path:
    file = tmp_path / "trace.json"
    file.write_text(json.dumps({"name": "mine", "description": "", "operations": operations}))
    return file


VIEW = {"at_ms": 1_771_000_000_000, "op": "recordPageView", "args": {"path": "/", "pageType": "", "sessionId": "s"}}
STATS = {"at_ms": 1_771_000_000_000, "op": "getStats"}


def test_a_wrong_result_is_found(replay: Replay, tmp_path: Path) -> None:
    """An operation that should have failed, and statistics that are not those of an empty store."""
    run = replay([_trace(tmp_path, VIEW | {"error": "argument_validation"}, STATS | {"result": {"activeVisitors": 0}})])
    assert run.stdout == "mine: 2 operations, 2 mismatches\n"
    assert "operation 0" in run.stderr
    assert run.returncode == 1


@pytest.mark.slow
def test_what_footfall_cannot_do_is_said(replay: Replay, tmp_path: Path) -> None:
    """Raw rows of sessions and operations of later formats are no mismatch, and no agreement either."""
    row = {"table": "activeSessions", "doc": {"sessionId": "s", "currentPath": "/", "lastSeen": 1}}
    raw = {"at_ms": 1_771_000_000_000, "op": "insertRaw", **row, "result": None}
    run = replay([_trace(tmp_path, raw, {"at_ms": 1_771_000_000_000, "op": "later", "result": None}, VIEW | {"result": None})])
    assert run.stdout == "mine: 3 operations, 0 mismatches, 2 unsupported\n"
    assert run.returncode == 0


@pytest.mark.parametrize(
    "content",
    [
        "no JSON",
        "[]",
        '{"name": "x"}',
        '{"operations": [{"op": "getStats", "result": null}]}',
        '{"operations": [{"at_ms": 1, "op": "getStats"}]}',
        '{"operations": [{"at_ms": 1, "op": "publish", "result": null}]}',
    ],
)
def test_a_file_that_is_no_trace(tmp_path: Path, content: str) -> None:
    """It is named in the reason."""
    bad = tmp_path / "bad.json"
    bad.write_text(content)
    with pytest.raises(Unreadable, match=r"bad\.json"):
        load(bad)


@pytest.mark.slow
def test_unreadable_files_end_with_a_code_of_their_own(replay: Replay, tmp_path: Path) -> None:
    """The other files are replayed all the same."""
    (tmp_path / "bad.json").write_text("{}")
    run = replay([tmp_path / "bad.json", tmp_path / "missing.json", _trace(tmp_path, VIEW | {"result": None})])
    assert run.stdout == "mine: 1 operations, 0 mismatches\n"
    assert str(tmp_path / "bad.json") in run.stderr
    assert str(tmp_path / "missing.json") in run.stderr
    assert run.returncode == 2


@pytest.mark.parametrize(
    ("one", "two", "alike"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, None, False),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ({"$float": "NaN"}, {"$float": "NaN"}, True),
        ({"$float": "NaN"}, 0, False),
        ("1", 1, False),
    ],
)
def test_values_alike(one: object, two: object, alike: bool) -> None:
    """Numbers by value, booleans are no numbers, arrays in order."""
    assert same(one, two) is alike
    assert agrees({"result": one}, {"result": two}) is alike


def test_a_result_is_no_error() -> None:
    """Also where both would be null."""
    assert not agrees({"result": None}, {"error": "argument_validation"})
    assert not agrees({"error": "argument_validation"}, {"result": None})
    assert not agrees({"result": [], "chunks": []}, {"result": [], "chunks": [1]})
    assert agrees({"result": [], "chunks": []}, {"result": []})
