"""The description of the doors for machines, from the same tables and structs that judge and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from footfall.http.answers import Outcome
from footfall.intake.wire import KEYS, PIXEL_KEYS
from footfall.live.snapshot import Snapshot
from footfall.rules import MAX_FACTS_PER_REQUEST


class Problem(msgspec.Struct, frozen=True):
    """What the other doors answer when they cannot."""

    error: str


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of /healthz; `reason` only while facts are not accepted."""

    status: str
    version: str
    warnings: list[str]
    reason: str = ""


def openapi(version: str) -> bytes:
    """The document, as JSON."""
    (outcome, snapshot, problem, health), shapes = msgspec.json.schema_components(
        [Outcome, Snapshot, Problem, Health], ref_template="#/components/schemas/{name}"
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
        "/healthz": {
            "get": {"summary": "Whether facts are accepted", "responses": _answers({200: ("Yes", health), 503: ("No", health)})}
        },
    }
    info = {"title": "Footfall", "version": version, "description": "Real-time, privacy-friendly statistics for websites"}
    return msgspec.json.encode({"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": shapes}})


def _fact() -> dict[str, Any]:
    """The keys of a fact, as intake judges them: who may carry one and what is expected."""
    lines = {key: f"{', '.join(sorted(kinds))}: {expected}" for key, (kinds, _, _, expected) in KEYS.items()}
    required = [key for key, (kinds, must, _, _) in KEYS.items() if must == KEYS["k"][0]]
    properties = {key: {"description": line} for key, line in lines.items()}
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def _taken(outcome: dict[str, Any]) -> dict[str, Any]:
    refused = {
        400: "At least one fact was refused; the others are durable",
        413: "Too large",
        415: "Neither JSON nor text",
        429: "Too many facts from this address",
        503: "Not accepting; nothing was taken",
    }
    return _answers({204: ("Every fact is durable", None), **{status: (said, outcome) for status, said in refused.items()}})


def _answers(answers: Mapping[int, tuple[str, dict[str, Any] | None]]) -> dict[str, Any]:
    return {
        str(status): {"description": said, **({"content": {"application/json": {"schema": shape}}} if shape else {})}
        for status, (said, shape) in answers.items()
    }
