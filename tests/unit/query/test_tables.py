"""The tables of metrics and dimensions: documented as they are, and one line is all that another one takes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from footfall.history.duckdb import open_history
from footfall.model import Fact, FactRow, Rows, Site
from footfall.query import dimensions, metrics
from footfall.query.answer import Line, answered
from footfall.query.compile import compiled, steps_for
from footfall.query.dimensions import DIMENSIONS, Dimension
from footfall.query.metrics import METRICS, Metric
from footfall.query.question import Question
from footfall.query.reading import read
from footfall.query.relations import Live
from footfall.query.sql import Sql

DOCUMENT = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_the_documentation_has_every_line() -> None:
    """docs/metrics.md says of each metric and dimension what its table says."""
    text = DOCUMENT.read_text("utf-8")
    told = [(line.name, line.says) for line in METRICS.values()]
    told += [(line.name, line.says) for line in (*DIMENSIONS.values(), dimensions.GOALS)]
    assert [name for name, says in told if f"| `{name}` | {says} |" not in text] == []


def test_another_metric_and_another_dimension_are_a_line_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Put into their tables they are asked for, grouped by, filtered by and ordered by like all others."""
    latest = Metric("busiest", "The most views and events of one row.", "max(acts)")
    first_letter = Dimension("event:section", "The first part of the path.", Sql("substring(f.path, 1, 2)"))
    monkeypatch.setitem(metrics.METRICS, latest.name, latest)
    monkeypatch.setitem(dimensions.DIMENSIONS, first_letter.name, first_letter)
    body = {
        "metrics": ["busiest", "pageviews"],
        "dimensions": ["event:section"],
        "date_range": "day",
        "filters": [["is_not", "event:section", ["/c"]]],
        "order_by": [["busiest", "desc"], ["event:section", "desc"]],
    }
    question = read(body, Site("s"), 1_000, None).question
    facts = [Fact("s", 0, n, n, "script", n, 0, path) for n, path in enumerate(("/a1", "/a2", "/b", "/c"), 1)]
    rows = asyncio.run(_asked(tmp_path, Rows(facts=[FactRow(f.id, 0, f.time, True, 0, f) for f in facts]), question))
    assert [(line.dimensions, line.metrics) for line in rows] == [(["/b"], [1, 1]), (["/a"], [1, 2])]


async def _asked(folder: Path, rows: Rows, question: Question) -> list[Line]:
    history = await open_history(folder / "h.duckdb", "0" * 16)
    await history.append(rows, 10)
    steps = steps_for(question)
    found = await history.fetch(compiled(question, (10,), Live(), steps))
    await history.close()
    return answered(question, steps, found).lines


def test_values_are_never_in_the_text() -> None:
    """Whatever is asked for, what callers write travels beside the SQL."""
    evil = "x'; DROP TABLE facts --"
    filters = [
        ["is", "event:page", [evil]],
        ["contains", "visit:source", [evil], {"case_sensitive": False}],
        ["matches_not", "event:title", [evil]],
        ["has_done", ["is", f"event:props:{evil}", [evil]]],
        ["is", f"event:props:{evil}", [evil]],
    ]
    body = {"metrics": ["visitors"], "dimensions": [f"event:props:{evil}"], "date_range": "day", "filters": filters}
    question = read(body, Site("s"), 0, None).question
    statement = compiled(question, (0,), Live(), steps_for(question))
    assert "DROP" not in statement.sql
    assert [param for param in statement.params if isinstance(param, str) and "DROP" in param]
    assert statement.sql.count("?") == len(statement.params)
