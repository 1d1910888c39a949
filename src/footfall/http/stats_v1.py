"""GET /api/v1/stats/...: Plausible's Stats API v1, read only, put as questions of v2. For clients that speak nothing newer."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import Unanswerable
from footfall.house import House
from footfall.http.asker import Asker
from footfall.http.asking import Asking, json_answer
from footfall.model import Site
from footfall.query.answer import change
from footfall.query.periods import PREVIOUS, local, span_of
from footfall.query.reading import Asked, read
from footfall.query.steps import steps_of
from footfall.questions import Questions

PERIODS = ("day", "7d", "30d", "month", "6mo", "12mo", "year", "all", "custom")
INTERVALS = {"date": "time:day", "day": "time:day", "month": "time:month", "hour": "time:hour", "week": "time:week"}
MOST = 1_000
_PROPERTY = re.compile(r"(?:visit|event):(?:props:)?(.+)", re.DOTALL).fullmatch


class StatsV1:
    """The doors."""

    def __init__(self, house: House, asking: Asking, questions: Questions) -> None:
        self._house = house
        self._asking = asking
        self._questions = questions

    def routes(self) -> list[Route]:
        """All of them."""
        doors = {
            "/api/v1/stats/realtime/visitors": self.realtime,
            "/api/v1/stats/aggregate": self.aggregate,
            "/api/v1/stats/timeseries": self.timeseries,
            "/api/v1/stats/breakdown": self.breakdown,
            "/api/v1/sites": self.sites,
        }
        return [Route(path, self._asking.door(door), methods=["GET"]) for path, door in doors.items()]

    async def realtime(self, request: Request, asker: Asker) -> Response:
        """How many are here now: our own presence, which knows departures, where Plausible counts five minutes."""
        state = self._house.engine.fold.sites.get(self._asking.site(asker, request.query_params.get("site_id")).id)
        if state is None:
            return json_answer(0)
        state.presence.advance(self._house.engine.now())
        return json_answer(len(state.presence.active))

    async def aggregate(self, request: Request, asker: Asker) -> Response:
        """One number for each metric."""
        compare = request.query_params.get("compare")
        if compare not in (None, PREVIOUS):
            raise Unanswerable("compare", f"Invalid compare {compare!r}. The only one is previous_period.")
        asked = self._read(request, asker, include={"comparisons": {"mode": PREVIOUS}} if compare else {})
        found = await self._questions.ask(asked.question)
        names, values = [metric.name for metric in asked.question.metrics], found.lines[0].metrics
        results: dict[str, dict[str, Any]] = {name: {"value": value} for name, value in zip(names, values, strict=True)}
        if asked.against is not None:
            before = await self._questions.compare(asked.question, found, asked.against)
            for name, old, new in zip(names, before[()].metrics, values, strict=True):
                results[name]["change"] = change(old, new)
        return json_answer({"results": results})

    async def timeseries(self, request: Request, asker: Asker) -> Response:
        """Each step of time, those without anything too."""
        query = request.query_params
        interval = query.get("interval", "month" if query.get("period") in ("6mo", "12mo") else "date")
        if interval not in INTERVALS:
            raise Unanswerable("interval", f"Invalid interval {interval!r}. It is one of {', '.join(INTERVALS)}.")
        asked = self._read(request, asker, [INTERVALS[interval]])
        question = asked.question
        found = {line.dimensions[0]: line.metrics for line in (await self._questions.ask(question)).lines}
        nothing = [metric.nothing for metric in question.metrics]
        names = [metric.name for metric in question.metrics]
        labels = steps_of(INTERVALS[interval], question.span).labels
        rows = [{"date": label, **dict(zip(names, found.get(label, nothing), strict=True))} for label in labels]
        return json_answer({"results": rows})

    async def breakdown(self, request: Request, asker: Asker) -> Response:
        """The groups of one property, most first."""
        query = request.query_params
        limit, page = _number(query, "limit", MOST, 100), _number(query, "page", 1_000_000, 1)
        property = query.get("property", "")
        name = _PROPERTY(property)
        if name is None:
            raise Unanswerable("property", "The `property` parameter is required. Please provide at least one property.")
        asked = self._read(request, asker, [property], {"limit": limit, "offset": (page - 1) * limit})
        lines = (await self._questions.ask(asked.question)).lines
        names = [name[1], *(metric.name for metric in asked.question.metrics)]
        return json_answer({"results": [dict(zip(names, [*line.dimensions, *line.metrics], strict=True)) for line in lines]})

    async def sites(self, request: Request, asker: Asker) -> Response:
        """The sites that may be read."""
        sites = [{"domain": site.id, "timezone": site.timezone} for site in self._asking.sites(asker)]
        return json_answer({"sites": sites, "meta": {"after": None, "before": None, "limit": 100}})

    def _read(
        self,
        request: Request,
        asker: Asker,
        dimensions: list[str] | None = None,
        pagination: dict[str, int] | None = None,
        include: dict[str, Any] | None = None,
    ) -> Asked:
        query, now = request.query_params, self._house.engine.now()
        site = self._asking.site(asker, query.get("site_id"))
        state = self._house.engine.fold.sites.get(site.id)
        body = {
            "metrics": query.get("metrics", "visitors").split(","),
            "date_range": _range(query, site, now, state.since if state else None),
            "dimensions": dimensions or [],
            "filters": filters_of(query.get("filters", "")),
            "pagination": pagination or {},
            "include": include or {},
        }
        return read(body, site, now, None)


def _range(query: QueryParams, site: Site, now: int, since: int | None) -> list[str]:
    """As two days: names of v1 are about `date`, if it is given."""
    period, given, zone = query.get("period", "30d"), query.get("date"), ZoneInfo(site.timezone)
    if period not in PERIODS:
        raise Unanswerable("period", f"Invalid period {period!r}. It is one of {', '.join(PERIODS)}.")
    try:
        if period == "custom":
            first, _, last = (given or "").partition(",")
            return [date.fromisoformat(first).isoformat(), date.fromisoformat(last or first).isoformat()]
        today = date.fromisoformat(given) if given else local(now, zone).date()
    except ValueError as error:
        raise Unanswerable(
            "date", f"Invalid date {given!r}. Please use ISO-8601 dates, for a custom period two of them."
        ) from error
    days = span_of(period, now, zone, since, today).days
    assert days is not None  # periods of v1 are made of days
    return [day.isoformat() for day in days]


def filters_of(text: str) -> list[Any]:
    """`prop==a|b;prop!=c*` as filters of v2; a JSON list is taken as it is."""
    if text.startswith("["):
        try:
            return msgspec.json.decode(text, type=list[Any])
        except msgspec.DecodeError as error:
            raise Unanswerable("filters", f"Invalid filters. Expected a JSON list ({error}).") from error
    return [_condition(part) for part in re.split(r"(?<!\\);", text) if part]


def _condition(text: str) -> list[Any]:
    name, operator, values = re.split(r"(==|!=)", text, maxsplit=1) if re.search(r"==|!=", text) else (text, "", "")
    if not operator:
        raise Unanswerable("filters", f"Invalid filter '{text}'. Please use property==value or property!=value.")
    clauses = [value.replace("\\|", "|").replace("\\;", ";") for value in re.split(r"(?<!\\)\|", values)]
    negation = "_not" if operator == "!=" else ""
    if any("*" in clause for clause in clauses):
        patterns = [f"^{'.*'.join(re.escape(part) for part in re.sub(r'[*]+', '*', clause).split('*'))}$" for clause in clauses]
        return [f"matches{negation}", name.strip(), patterns]
    return [f"is{negation}", name.strip(), clauses]


def _number(query: QueryParams, name: str, most: int, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise Unanswerable(name, f"Invalid {name}. Expected a whole number from 1 to {most}.")
    return int(text)
