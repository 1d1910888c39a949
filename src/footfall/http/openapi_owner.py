"""The owner's doors in the description for machines: what each is for, what it is sent, what it answers.

Which doors there are and what they take is scopes.py's matter; a test finds a door that is missing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from footfall.http.care import Erasing, Export, Reclassifying, Walk
from footfall.http.keys import NewKey
from footfall.http.scopes import DEFINITIONS, OWNER, SCOPES, SITE
from footfall.http.settings import SiteChange
from footfall.http.sites import Content
from footfall.ledger import LedgerAnswer
from footfall.model import Annotation, Goal, Segment, Site

Schema = dict[str, Any]
SHAPES = (Site, SiteChange, Content, Goal, Segment, Annotation, NewKey, Export, Erasing, Reclassifying, Walk, LedgerAnswer)
LINES, ROWS = "application/x-ndjson", "application/msgpack"
NUMBER, TEXT, LIST, OBJECT = ({"type": kind} for kind in ("integer", "string", "array", "object"))
KEY: Schema = {"type": "object", "properties": {"id": TEXT, "name": TEXT, "site": TEXT, "scope": TEXT, "created": NUMBER}}


class Told(NamedTuple):
    """`body` is a struct, or the media type of what is none; `answer` a struct or a schema."""

    summary: str
    answer: type | Schema
    body: type | str | None = None
    status: int = 200


def _of(**properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _those(field: str, shape: type) -> dict[tuple[str, str], Told]:
    """The five doors of a kind of definition."""
    name, path = shape.__name__.lower(), f"{SITE}/{field}"
    listed = _of(**{field: {"type": "array", "items": _ref(shape)}})
    return {
        ("GET", path): Told(f"All {field}", listed),
        ("POST", path): Told(f"Make a new {name}", shape, shape, 201),
        ("GET", f"{path}/{{id}}"): Told(f"One {name}", shape),
        ("PUT", f"{path}/{{id}}"): Told(f"Another {name} in its place; the id stays", shape, shape),
        ("DELETE", f"{path}/{{id}}"): Told(f"Remove a {name}", shape),
    }


def _ref(shape: type) -> Schema:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


_DOORS: dict[tuple[str, str], Told] = {
    ("GET", "/api/sites"): Told("All sites", _of(sites={"type": "array", "items": _ref(Site)})),
    ("GET", SITE): Told("The settings of a site", Site),
    ("PUT", SITE): Told("Change a site (200) or add it (201); what is left out stays", Site, SiteChange),
    ("PATCH", SITE): Told("Change a site; what is left out stays", Site, SiteChange),
    ("DELETE", SITE): Told("Remove a site with all its data", _of(removed_views=NUMBER)),
    ("POST", f"{SITE}/link"): Told("A new secret for its link", Site),
    ("PUT", f"{SITE}/content/{{kind}}/{{slug:path}}"): Told("Tell what a path is", Content, Content),
    **{door: told for field, shape in zip(DEFINITIONS, (Goal, Segment, Annotation), strict=True)
       for door, told in _those(field, shape).items()},
    ("GET", f"{SITE}/import"): Told("How many views came from exports of the original", _of(views=NUMBER)),
    ("POST", f"{SITE}/import/{{table}}"): Told(
        "Take documents of such an export, one each line", _of(added=NUMBER, known=NUMBER, gone=NUMBER, refused=LIST), LINES
    ),
    ("POST", f"{SITE}/rows"): Told("Take a chunk of an export's rows", _of(taken=NUMBER), ROWS),
    ("POST", f"{SITE}/reclassify"): Told(
        "Take facts for a bot's, or for people's", _of(matched=LIST, changed=NUMBER), Reclassifying
    ),
    ("GET", f"{SITE}/ledger"): Told("What became of everything that was sent, by the hour; from and to in ms", LedgerAnswer),
    ("POST", f"{SITE}/erase"): Told("Erase what matches", _of(matched=LIST, removed_views=NUMBER), Erasing),
    ("POST", f"{SITE}/backfill"): Told("Walk a chunk of its views", _of(report=OBJECT, at=LIST, views=NUMBER), Walk),
    ("POST", "/api/verify"): Told("Recount every total", _of(differences={"type": "array", "items": TEXT})),
    ("POST", "/api/export"): Told("Make an export in the data folder; its manifest", OBJECT, Export),
    ("POST", "/api/backup"): Told("Make a backup in the data folder; its manifest", OBJECT),
    ("POST", "/api/welcome"): Told("A new token for /welcome", _of(token=TEXT)),
    ("GET", "/api/keys"): Told("All keys of programs", _of(keys={"type": "array", "items": KEY})),
    ("POST", "/api/keys"): Told("Make a key; `key` is told this once", {"allOf": [KEY, _of(key=TEXT)]}, NewKey, 201),
    ("DELETE", "/api/keys/{id}"): Told("Revoke a key", KEY),
}  # fmt: skip


def owner_paths(problem: Schema, answers: Callable[[dict[int, tuple[str, Schema | None]]], Schema]) -> dict[str, Schema]:
    """The doors by path."""
    paths: dict[str, Schema] = {}
    for (method, path), takes in SCOPES.items():
        told = _DOORS[method, path]
        needs = "the owner" if takes.scope == OWNER else f"a key of scope {takes.scope}{', for all sites' * takes.everywhere}"
        problems = {code: (said, problem) for code, said in _problems(method, path, told)}
        answer = _ref(told.answer) if isinstance(told.answer, type) else told.answer
        also = {201: ("Added", answer)} if (method, path) == ("PUT", SITE) else {}
        paths.setdefault(re.sub(r":path\}", "}", path), {})[method.lower()] = {
            "summary": told.summary,
            "description": f"Takes {needs}.",
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": TEXT} for name in re.findall(r"\{(\w+)", path)
            ],
            "responses": answers({told.status: (told.summary, answer), **also, **problems}),
            **({"requestBody": _body(told.body)} if told.body else {}),
            "security": [{"key": []}, {"session": []}],
        }
    return paths


def _problems(method: str, path: str, told: Told) -> Iterator[tuple[int, str]]:
    if told.body:
        yield 400, "What was sent does not fit; `field` names what"
    yield 401, "No good key"
    yield 403, "Too small a scope"
    if "{" in path:
        yield 404, "There is none, or it is another site than the key's"
    if path == "/api/backup":
        yield 409, "A cluster's data is not here: NATS and ClickHouse have tools of their own"
    yield 429, "Too many; Retry-After says when to come again"
    yield 503, "Not just now; Retry-After says when to come again"


def _body(body: type | str) -> Schema:
    if isinstance(body, str):
        return {"required": True, "content": {body: {"schema": {}}}}
    return {"required": True, "content": {"application/json": {"schema": _ref(body)}}}


def owner_shapes() -> dict[str, Schema]:
    """The structs that the doors are about."""
    return msgspec.json.schema_components(SHAPES, ref_template="#/components/schemas/{name}")[1]
