"""The compiler agrees with plain Python about every metric, dimension and kind of filter, over random facts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import closing
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from footfall.history.base import History, Statement
from footfall.history.clickhouse import open_history as open_clickhouse
from footfall.history.duckdb import open_history
from footfall.journal.base import PARTITION_BITS, Position
from footfall.model import Rows, Table
from footfall.query.answer import answered
from footfall.query.compile import compiled, steps_for
from footfall.query.live_tables import OpenVisits
from footfall.query.metrics import METRICS
from footfall.query.periods import Span
from footfall.query.question import Question
from footfall.query.relations import Live
from footfall.query.steps import suiting
from footfall.rules import DAY, HOUR
from tests.clickhouse_server import ClickhouseServer
from tests.conformance.query.oracle import Oracle
from tests.conformance.query.worlds import Made, asked, every, made
from tests.unit.live.made import Choices

NUMBERS = count(1)
QUESTIONS = st.lists(st.binary(min_size=48, max_size=48), min_size=8, max_size=8)
FACTS = st.lists(st.binary(min_size=60, max_size=60), min_size=20, max_size=40)
# Shrinking would take minutes, and what fails is short enough to read.
FEW = settings(max_examples=20, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
MANY = settings(FEW, max_examples=80)


Lines = list[tuple[tuple[str, ...], list[object]]]


class Engine:
    """A history, asked from outside of its loop."""

    def __init__(self, opening: Coroutine[None, None, History]) -> None:
        self._runner = asyncio.Runner()
        self._history = self._runner.run(opening)

    def append(self, rows: Rows, position: int) -> None:
        self._runner.run(self._history.append(rows, position))

    def fetch(self, statement: Statement) -> Table:
        return self._runner.run(self._history.fetch(statement))

    def close(self) -> None:
        self._runner.run(self._history.close())
        self._runner.close()


class Asked:
    """An engine that stays open, and the sites put into it."""

    def __init__(self, engine: Engine, *others: Position) -> None:
        """`others`: how far journals beside that of the facts are."""
        self.engine = engine
        self.others = others
        self.seq = 0

    def put(self, choices: Sequence[bytes]) -> Made:
        site = made(f"s{next(NUMBERS)}", self.seq, choices)
        self.seq = max(site.upto, self.seq + 1)
        self.engine.append(site.rows, self.seq)
        return site

    def answer(self, site: Made, question: Question) -> Lines:
        steps = steps_for(question)
        live = Live(OpenVisits(site.state.visits.open.values()), site.state.minutes.moments)
        rows = self.engine.fetch(compiled(question, (self.seq, *self.others), live, steps))
        return [(tuple(line.dimensions), list(line.metrics)) for line in answered(question, steps, rows).lines]

    def agrees(self, facts: Sequence[bytes], questions: Sequence[bytes]) -> None:
        """Whether its answers are those of plain Python."""
        site = self.put(facts)
        for drawn in questions:
            question = asked(site, Choices(drawn))
            if question is not None:
                assert self.answer(site, question) == expected(site, question)


def expected(site: Made, question: Question) -> Lines:
    time = question.time.name if question.time else ""
    return Oracle(site.world, question, suiting(question.span) if time == "time" else time).lines()


@pytest.fixture(scope="module")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The embedded history, open for all tests here."""
    with closing(Engine(open_history(tmp_path_factory.mktemp("oracle") / "h.duckdb", "0" * 16))) as engine:
        yield Asked(engine)


@pytest.fixture(scope="module")
def in_clickhouse(clickhouse: ClickhouseServer) -> Iterator[Asked]:
    """That of a cluster, likewise."""
    with closing(Engine(open_clickhouse(clickhouse.database("oracle"), "0" * 16))) as engine:
        yield Asked(engine, 1 << PARTITION_BITS, 2 << PARTITION_BITS)


@pytest.mark.parametrize(
    "backend", [pytest.param("duckdb", marks=pytest.mark.slow), pytest.param("in_clickhouse", marks=pytest.mark.clickhouse)]
)
def test_every_metric_by_every_dimension(request: pytest.FixtureRequest, backend: str) -> None:
    """Nothing is left to chance but what there is to count."""
    asked, chance = request.getfixturevalue(backend), random.Random(7)
    site = asked.put([chance.randbytes(60) for _ in range(80)])
    questions = every(site.site, Span(site.begin - HOUR, site.begin + DAY, ZoneInfo("Europe/Berlin")), site.now)
    assert {metric.name for question in questions for metric in question.metrics} == METRICS.keys()
    for question in questions:
        lines = asked.answer(site, question)
        assert lines == expected(site, question)
        assert lines, question.dimensions


@pytest.mark.slow
@MANY
@given(FACTS, QUESTIONS)
def test_duckdb_answers_as_plain_python(duckdb: Asked, facts: Sequence[bytes], questions: Sequence[bytes]) -> None:
    """All metrics, dimensions and kinds of filters, in ranges and zones with their clocks put forward and back."""
    duckdb.agrees(facts, questions)


@pytest.mark.clickhouse
@FEW
@given(FACTS, QUESTIONS)
def test_clickhouse_answers_as_plain_python(in_clickhouse: Asked, facts: Sequence[bytes], questions: Sequence[bytes]) -> None:
    """The very same SQL text."""
    in_clickhouse.agrees(facts, questions)
