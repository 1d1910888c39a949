"""The description of the doors for machines, from the same tables and structs that judge and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from footfall.http.answers import Outcome
from footfall.http.auth import SESSION
from footfall.http.embed import HERE, LABELS
from footfall.http.figures import Count, PageList, Problem
from footfall.http.openapi_owner import owner_paths, owner_shapes
from footfall.http.stats_v1 import INTERVALS
from footfall.intake.wire import KEYS as FACT_KEYS
from footfall.intake.wire import PIXEL_KEYS
from footfall.live.snapshot import Snapshot
from footfall.query.dimensions import DIMENSIONS
from footfall.query.metrics import METRICS
from footfall.query.people import RANGES, People
from footfall.query.periods import EXPECTED, MODES
from footfall.query.reading import COMPARISONS, INCLUDES, KEYS
from footfall.query.replay import Replay
from footfall.rules import MAX_FACTS_PER_REQUEST

AWAY = "No such site, or not yours to see"
SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "The owner's key, or one of a program, which has a scope"},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION, "description": "The owner's, from our own pages"},
}


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of /healthz; `reason` only while facts are not accepted."""

    status: str
    version: str
    warnings: list[str]
    reason: str = ""


def openapi(version: str) -> bytes:
    """The document, as JSON."""
    (outcome, snapshot, problem, health, *figures), shapes = msgspec.json.schema_components(
        [Outcome, Snapshot, Problem, Health, People, PageList, Replay, Count], ref_template="#/components/schemas/{name}"
    )
    shapes |= {"Fact": _fact(), **owner_shapes()}
    fact = {"$ref": "#/components/schemas/Fact"}
    facts = {"oneOf": [fact, {"type": "array", "items": fact, "minItems": 1, "maxItems": MAX_FACTS_PER_REQUEST}]}
    body = {"required": True, "content": {kind: {"schema": facts} for kind in ("text/plain", "application/json")}}
    site = [
        {"name": "site", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "link", "in": "query", "required": False, "schema": {"type": "string"}, "description": "The secret of its link"},
    ]
    pixel = [
        {"name": key, "in": "query", "required": key == "s", "schema": {"type": "string"}, "description": expected}
        for key, expected in PIXEL_KEYS.items()
    ]
    away = {404: (AWAY, problem), 429: ("Too many wrong keys", problem)}
    stream = {**_told("Events", "text/event-stream"), **_answers({**away, 503: ("Too many watch", problem)})}
    paths: dict[str, Any] = {
        "/e": {"post": {"summary": "Take facts", "requestBody": body, "responses": _taken(outcome)}},
        "/p.gif": _get("Count without JavaScript", pixel, _told("An image", "image/gif")),
        "/api/live/{site}": _get("Who is here now", site, _answers({200: ("The snapshot", snapshot), **away})),
        "/api/live/{site}/stream": _get("The same as Server-Sent Events", site, stream),
        **{path: _figure(site, problem, answer, *told) for (path, told), answer in zip(_FIGURES.items(), figures, strict=True)},
        **{path: _shown(site, *told) for path, told in _SHOWN.items()},
        "/api/v2/query": {"post": _query(problem)},
        **{f"/api/v1/{path}": _read_of_v1(problem, *told) for path, told in _V1.items()},
        **owner_paths(problem, _answers),
        "/healthz": _get("Whether facts are accepted", [], _answers({200: ("Yes", health), 503: ("No", health)})),
        **{f"/convex/{{site}}/api/{name}": _call(site, summary) for name, summary in _CALLS.items()},
    }
    info = {"title": "Footfall", "version": version, "description": "Real-time, privacy-friendly statistics for websites"}
    components = {"schemas": shapes, "securitySchemes": SECURITY}
    return msgspec.json.encode({"openapi": "3.1.0", "info": info, "paths": paths, "components": components})


_FIGURES: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "/api/people/{site}": (
        "People over time",
        {"range": {"enum": list(RANGES)}, "path": {"type": "string"}, "country": {"type": "string"}},
    ),
    "/api/pages/{site}": (
        "All pages, most viewed first",
        {"q": {"type": "string"}, "offset": {"type": "integer"}, "limit": {"type": "integer"}},
    ),
    "/api/replay/{site}": ("Each minute of a past time", {"from": {"type": "integer"}, "minutes": {"type": "integer"}}),
    "/api/count/{site}": ("Views and readers of a page, or of the whole site", {"path": {"type": "string"}}),
}


_SHOWN: dict[str, tuple[str, str, dict[str, dict[str, Any]]]] = {  # summary, media type, query
    "/embed/{site}": ("A card for an iframe: how many are here now", "text/html", {"lang": {"enum": list(HERE)}}),
    "/badge/{site}.svg": (
        "A figure as an image",
        "image/svg+xml",
        {"show": {"enum": list(LABELS)}, "path": {"type": "string"}},
    ),
}


def _shown(site: list[dict[str, Any]], summary: str, kind: str, query: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What other people's pages show. It can be asked whether it is still the same."""
    unfit = {400: ("A parameter does not fit", None)} if "show" in query else {}
    answers = {**_told(summary, kind), **_answers({304: ("As before", None), **unfit, 404: (AWAY, None)})}
    return _get(summary, [*site, *_queries(query)], answers)


def _get(summary: str, parameters: list[dict[str, Any]], responses: dict[str, Any]) -> dict[str, Any]:
    return {"get": {"summary": summary, "parameters": parameters, "responses": responses}}


def _told(summary: str, kind: str) -> dict[str, Any]:
    """An answer that is not JSON."""
    return {"200": {"description": summary, "content": {kind: {"schema": {"type": "string"}}}}}


def _queries(query: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "required": False, "schema": shape} for name, shape in query.items()]


_CALLS = {
    "query": "getStats, as the original's clients ask for it",
    "mutation": "recordPageView, heartbeat, as they send them",
    "function": "Either",
}


def _call(site: list[dict[str, Any]], summary: str) -> dict[str, Any]:
    """What the original's clients post."""
    sent = {"path": {"type": "string"}, "args": {"oneOf": [{"type": "object"}, {"type": "array", "maxItems": 1}]}}
    told = {
        "status": {"enum": ["success", "error"]},
        "value": {},
        "errorMessage": {"type": "string"},
        "logLines": {"type": "array"},
    }
    shape = {"type": "object", "required": ["path"], "properties": sent}
    problem = {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}
    answers = _answers(
        {
            200: ("What the function returned, or why it was not carried out", {"type": "object", "properties": told}),
            404: ("No such site, or it is not open to these clients", problem),
            429: ("Too many calls from this address", problem),
            503: ("Not accepting", problem),
        }
    )
    body = {"required": True, "content": {"application/json": {"schema": shape}}}
    return {"post": {"summary": summary, "parameters": site, "requestBody": body, "responses": answers}}


def _figure(
    site: list[dict[str, Any]], problem: dict[str, Any], answer: dict[str, Any], summary: str, query: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    problems = {400: "A parameter does not fit", 404: AWAY, 429: "Too many", 503: "Busy"}
    answers = {200: (summary, answer), **{status: (said, problem) for status, said in problems.items()}}
    return _get(summary, [*site, *_queries(query)], _answers(answers))


def _query(problem: dict[str, Any]) -> dict[str, Any]:
    """The door of questions: what may be asked for is in the tables of metrics and dimensions."""
    metrics = {"enum": list(METRICS), "description": "\n".join(f"{line.name}: {line.says}" for line in METRICS.values())}
    told = "\n".join(f"{line.name}: {line.says}" for line in DIMENSIONS.values())
    dimension = {"type": "string", "description": f"{told}\nevent:goal, event:props:KEY", "examples": list(DIMENSIONS)}
    properties: dict[str, Any] = {key: {} for key in KEYS} | {
        "site_id": {"type": "string"},
        "metrics": {"type": "array", "minItems": 1, "items": metrics},
        "date_range": {"description": EXPECTED},
        "dimensions": {"type": "array", "items": dimension},
        "filters": {"type": "array", "items": {"type": "array"}, "examples": [[["is", "segment", [2]]]]},
        "include": _include(),
    }
    body = {"type": "object", "required": ["site_id", "metrics", "date_range"], "properties": properties}
    groups = {"200": {"description": "Groups with their numbers; docs/wire.md", "content": _GROUPS}}
    return {
        "summary": "Ask for figures (Plausible's Stats API v2)",
        "parameters": _queries({"format": {"enum": ["json", "csv", "jsonl"]}}),
        "requestBody": {"required": True, "content": {"application/json": {"schema": body | {"additionalProperties": False}}}},
        "responses": {**groups, **_asked_in_vain(problem)},
        "security": [{"key": []}, {"session": []}],
    }


def _include() -> dict[str, Any]:
    """What comes along with the groups."""
    flag = {"type": "boolean"}
    told: dict[str, Any] = {
        "mode": {"enum": list(MODES)},
        "date_range": {"description": f"Of the mode custom. {EXPECTED}"},
        "elapsed": {**flag, "description": "Of a range that is not over, only as much of the other as there is of it yet"},
    }
    comparisons = {"properties": {key: told.get(key, flag) for key in COMPARISONS}, "required": ["mode"]}
    shut = {"type": "object", "additionalProperties": False}
    return {**shut, "properties": dict.fromkeys(INCLUDES, flag) | {"comparisons": {**shut, **comparisons}}}


_GROUPS: dict[str, Any] = {
    "application/json": {
        "schema": {
            "type": "object",
            "properties": {"results": {"type": "array"}, "meta": {"type": "object"}, "query": {"type": "object"}},
        }
    },
    "text/csv": {"schema": {"type": "string"}},
    "application/jsonl": {"schema": {"type": "string"}},
}
_STATS: dict[str, dict[str, Any]] = {name: {"type": "string"} for name in ("site_id", "period", "date", "metrics", "filters")}
_V1: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {  # summary, query
    "stats/realtime/visitors": ("How many are here now, as a number", {"site_id": {"type": "string"}}),
    "stats/aggregate": ("A number for each metric", {**_STATS, "compare": {"enum": ["previous_period"]}}),
    "stats/timeseries": ("Numbers for each step of time", {**_STATS, "interval": {"enum": list(INTERVALS)}}),
    "stats/breakdown": (
        "The groups of a property",
        {**_STATS, "property": {"type": "string"}, "limit": {"type": "integer"}, "page": {"type": "integer"}},
    ),
    "sites": ("The sites that may be read", {}),
}


def _read_of_v1(problem: dict[str, Any], summary: str, query: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Plausible's Stats API v1, on top of the same."""
    required = [{**one, "required": one["name"] in ("site_id", "property")} for one in _queries(query)]
    read = _get(summary, required, {**_answers({200: (summary, {})}), **_asked_in_vain(problem)})
    read["get"]["security"] = [{"key": []}, {"session": []}]
    return read


def _asked_in_vain(problem: dict[str, Any]) -> dict[str, Any]:
    problems = {400: "It cannot be answered", 401: "No good key", 429: "Too many", 503: "Busy"}
    return _answers({code: (said, problem) for code, said in problems.items()})


def _fact() -> dict[str, Any]:
    """The keys of a fact, as intake judges them: who may carry one and what is expected."""
    lines = {key: f"{', '.join(sorted(kinds))}: {expected}" for key, (kinds, _, _, expected) in FACT_KEYS.items()}
    required = [key for key, (kinds, must, _, _) in FACT_KEYS.items() if must == FACT_KEYS["k"][0]]
    properties = {key: {"description": line} for key, line in lines.items()}
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def _taken(outcome: dict[str, Any]) -> dict[str, Any]:
    refused = {
        400: "At least one fact was refused; the others are durable",
        403: "A key came along that is not the owner's; nothing was taken",
        405: "Neither POST nor OPTIONS",
        413: "Too large",
        415: "Neither JSON nor text",
        429: "Too many facts from this address",
        500: "A fault of the server; the reason holds the id under which its log has it",
        503: "Not accepting; nothing was taken",
    }
    return _answers({204: ("Every fact is durable", None), **{status: (said, outcome) for status, said in refused.items()}})


def _answers(answers: Mapping[int, tuple[str, dict[str, Any] | None]]) -> dict[str, Any]:
    return {
        str(status): {"description": said, **({"content": {"application/json": {"schema": shape}}} if shape else {})}
        for status, (said, shape) in answers.items()
    }
