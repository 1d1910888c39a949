"""The description of the doors for machines, from the same tables and structs that judge and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from footfall.http.answers import Outcome
from footfall.http.figures import Count, PageList, Problem
from footfall.intake.wire import KEYS, PIXEL_KEYS
from footfall.live.snapshot import Snapshot
from footfall.query.people import RANGES, People
from footfall.query.replay import Replay
from footfall.rules import MAX_FACTS_PER_REQUEST


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
    shapes["Fact"] = _fact()
    fact = {"$ref": "#/components/schemas/Fact"}
    facts = {"oneOf": [fact, {"type": "array", "items": fact, "minItems": 1, "maxItems": MAX_FACTS_PER_REQUEST}]}
    body = {"required": True, "content": {kind: {"schema": facts} for kind in ("text/plain", "application/json")}}
    site = {"name": "site", "in": "path", "required": True, "schema": {"type": "string"}}
    pixel = [
        {"name": key, "in": "query", "required": key == "s", "schema": {"type": "string"}, "description": expected}
        for key, expected in PIXEL_KEYS.items()
    ]
    found = {200: ("The snapshot", snapshot), 404: ("No such site, or not yours to see", problem)}
    paths = {
        "/e": {"post": {"summary": "Take facts", "requestBody": body, "responses": _taken(outcome)}},
        "/p.gif": {
            "get": {"summary": "Count without JavaScript", "parameters": pixel, "responses": _answers({200: ("An image", None)})}
        },
        "/api/live/{site}": {"get": {"summary": "Who is here now", "parameters": [site], "responses": _answers(found)}},
        "/api/live/{site}/stream": {
            "get": {
                "summary": "The same as Server-Sent Events",
                "parameters": [site],
                "responses": _answers({200: ("Events", None)}),
            }
        },
        **{path: _figure(site, problem, answer, *told) for (path, told), answer in zip(_FIGURES.items(), figures, strict=True)},
        "/healthz": {
            "get": {"summary": "Whether facts are accepted", "responses": _answers({200: ("Yes", health), 503: ("No", health)})}
        },
    }
    info = {"title": "Footfall", "version": version, "description": "Real-time, privacy-friendly statistics for websites"}
    return msgspec.json.encode({"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": shapes}})


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


def _figure(
    site: dict[str, Any], problem: dict[str, Any], answer: dict[str, Any], summary: str, query: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    parameters = [site, *({"name": name, "in": "query", "required": False, "schema": shape} for name, shape in query.items())]
    problems = {400: "A parameter does not fit", 404: "No such site, or not yours to see", 429: "Too many", 503: "Busy"}
    answers = {200: (summary, answer), **{status: (said, problem) for status, said in problems.items()}}
    return {"get": {"summary": summary, "parameters": parameters, "responses": _answers(answers)}}


def _fact() -> dict[str, Any]:
    """The keys of a fact, as intake judges them: who may carry one and what is expected."""
    lines = {key: f"{', '.join(sorted(kinds))}: {expected}" for key, (kinds, _, _, expected) in KEYS.items()}
    required = [key for key, (kinds, must, _, _) in KEYS.items() if must == KEYS["k"][0]]
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
