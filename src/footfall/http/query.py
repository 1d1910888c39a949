"""POST /api/v2/query: questions as JSON, in the words of Plausible's Stats API v2; answers as JSON, CSV or JSON Lines.

What a question may say is query/reading.py's matter, and what is ours in it is listed there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import InvalidInput
from footfall.house import House
from footfall.http.asker import Asker
from footfall.http.asking import Asking, answer, json_answer
from footfall.http.owners import body_of
from footfall.query.answer import Answer, Line, Number, change
from footfall.query.compile import steps_for
from footfall.query.reading import Asked, read, told
from footfall.questions import Questions
from footfall.rules import FORMULA

FORMATS = {"text/csv": "csv", "application/jsonl": "jsonl", "application/x-ndjson": "jsonl"}
DAILY = "Visitors have no lasting name here: they are counted once per day, and one who came on two days counts as two."
MIXED = "Some visitors have a lasting name, others none: those are counted once per day."
_PEOPLE = frozenset({"visitors", "percentage", "conversion_rate", "group_conversion_rate"})


class Queries:
    """The door."""

    def __init__(self, house: House, asking: Asking, questions: Questions) -> None:
        self._house = house
        self._asking = asking
        self._questions = questions

    def routes(self) -> list[Route]:
        """One."""
        return [Route("/api/v2/query", self._asking.door(self.query), methods=["POST"])]

    async def query(self, request: Request, asker: Asker) -> Response:
        """POST /api/v2/query"""
        body = await _body(request)
        site = self._asking.site(asker, body.get("site_id") if isinstance(body, dict) else None)
        engine = self._house.engine
        state = engine.fold.sites.get(site.id)
        asked = read(body, site, engine.now(), state.since if state else None)
        found = await self._questions.ask(asked.question)
        format = _format(request)
        results = await self._results(asked, found)
        if format == "csv":
            return answer(_csv(asked, results), "text/csv; charset=utf-8")
        if format == "jsonl":
            return answer(_jsonl(asked, results), "application/jsonl")
        return json_answer({"results": results, "meta": await self._meta(asked, found), "query": told(asked, body["site_id"])})

    async def _results(self, asked: Asked, found: Answer) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = [{"dimensions": line.dimensions, "metrics": line.metrics} for line in found.lines]
        if asked.against is not None:
            before = await self._questions.compare(asked.question, found, asked.against)
            for line, result in zip(found.lines, results, strict=True):
                result["comparison"] = _comparison(asked, line, before.get(line.key))
        return results

    async def _meta(self, asked: Asked, found: Answer) -> dict[str, Any]:
        meta: dict[str, Any] = {}
        if asked.include.get("imports"):
            meta["imports_included"] = True  # imported views are rows like all others
        if asked.include.get("time_labels"):
            meta["time_labels"] = list(steps_for(asked.question).labels)
        if found.total is not None:
            meta["total_rows"] = found.total
        if asked.include.get("totals"):
            meta["totals"] = (await self._questions.ask(asked.totals)).lines[0].metrics
        if warned := [metric.name for metric in asked.question.metrics if metric.name in _PEOPLE]:
            daily = await self._questions.counted_daily(asked.question)
            if daily is not False:
                warning = {"code": "counted_once_per_day", "warning": DAILY if daily else MIXED}
                meta["metric_warnings"] = dict.fromkeys(warned, warning)
        return meta


def _comparison(asked: Asked, line: Line, before: Line | None) -> dict[str, Any]:
    metrics: list[Number] = before.metrics if before else [metric.nothing for metric in asked.question.metrics]
    changes = [change(old, new) for old, new in zip(metrics, line.metrics, strict=True)]
    return {"dimensions": before.dimensions if before else line.dimensions, "metrics": metrics, "change": changes}


async def _body(request: Request) -> Any:
    body = await body_of(request)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("body", f"JSON ({error})") from error


def _format(request: Request) -> str:
    """As `format` says, else as the first of the accepted types that is one of ours."""
    given = request.query_params.get("format")
    if given is not None:
        if given not in ("json", "csv", "jsonl"):
            raise InvalidInput("format", "json, csv or jsonl")
        return given
    accepted = [part.partition(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
    return next((FORMATS.get(kind, "json") for kind in accepted if kind in FORMATS or kind == "application/json"), "json")


def _names(asked: Asked) -> list[str]:
    """The columns; with a comparison each metric has one more."""
    question = asked.question
    metrics = [metric.name for metric in question.metrics]
    before = [f"comparison:{name}" for name in metrics] if asked.against is not None else []
    return [*(dimension.name for dimension in question.dimensions), *metrics, *before]


def _cells(result: dict[str, Any]) -> list[Any]:
    before = result["comparison"]["metrics"] if "comparison" in result else []
    return [*result["dimensions"], *result["metrics"], *before]


def _csv(asked: Asked, results: Iterable[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_names(asked))
    writer.writerows(map(_harmless, _cells(result)) for result in results)
    return text.getvalue().encode()


def _harmless(cell: Any) -> Any:
    """What readers send comes in here."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _jsonl(asked: Asked, results: Iterable[dict[str, Any]]) -> bytes:
    names = _names(asked)
    return b"".join(msgspec.json.encode(dict(zip(names, _cells(result), strict=True))) + b"\n" for result in results)
