"""The messages of the sync protocol: the clients' as shapes, the server's as JSON text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from footfall.convex.values import parsed, shown, timestamp
from footfall.errors import FootfallError

PING = '{"type":"Ping"}'

Id = int


class ProtocolError(FootfallError):
    """What a client sent fits nothing: the connection cannot go on. The message is the reason of its end."""


class Connect(msgspec.Struct, tag="Connect", rename="camel"):
    session_id: str
    max_observed_timestamp: str | None = None


class Add(msgspec.Struct, tag="Add", rename="camel"):
    query_id: Id
    udf_path: str
    args: Any = ()


class Remove(msgspec.Struct, tag="Remove", rename="camel"):
    query_id: Id


class ModifyQuerySet(msgspec.Struct, tag="ModifyQuerySet", rename="camel"):
    base_version: int
    new_version: int
    modifications: list[Add | Remove]


class Mutation(msgspec.Struct, tag="Mutation", rename="camel"):
    request_id: Id
    udf_path: str
    args: Any = ()


class Action(msgspec.Struct, tag="Action", rename="camel"):
    request_id: Id
    udf_path: str
    args: Any = ()


class Authenticate(msgspec.Struct, tag="Authenticate", rename="camel"):
    base_version: int
    token_type: str
    value: str = ""


class Event(msgspec.Struct, tag="Event"):
    """What a client tells of itself: of no use here."""


ClientMessage = Connect | ModifyQuerySet | Mutation | Action | Authenticate | Event


class Version(NamedTuple):
    """What a connection was brought up to."""

    query_set: int
    identity: int
    ts: int


def read_message(text: str) -> ClientMessage:
    """Raises ProtocolError."""
    try:
        message: ClientMessage = msgspec.convert(parsed(text), ClientMessage)
    except (ValueError, msgspec.ValidationError) as error:
        raise ProtocolError(shown(f"a message that cannot be read: {error}")[:100]) from error
    return message


# A value stands for itself in what follows: it is JSON already.


def transition(start: Version, end: Version, modifications: Sequence[str]) -> str:
    changes = ",".join(modifications)
    return f'{{"type":"Transition","startVersion":{_version(start)},"endVersion":{_version(end)},"modifications":[{changes}]}}'


def _version(version: Version) -> str:
    return f'{{"querySet":{version.query_set},"identity":{version.identity},"ts":"{timestamp(version.ts)}"}}'


def query_updated(query: Id, value: str) -> str:
    return f'{{"type":"QueryUpdated","queryId":{query},"value":{value},"logLines":[],"journal":null}}'


def query_failed(query: Id, message: str) -> str:
    return f'{{"type":"QueryFailed","queryId":{query},"errorMessage":{_text(message)},"logLines":[],"journal":null}}'


def query_removed(query: Id) -> str:
    return f'{{"type":"QueryRemoved","queryId":{query}}}'


def mutation_done(request: Id, value: str, ts: int) -> str:
    told = f'"success":true,"result":{value},"ts":"{timestamp(ts)}"'
    return f'{{"type":"MutationResponse","requestId":{request},{told},"logLines":[]}}'


def request_failed(request: Id, kind: str, message: str) -> str:
    """`kind` is "Mutation" or "Action"."""
    return f'{{"type":"{kind}Response","requestId":{request},"success":false,"result":{_text(message)},"logLines":[]}}'


def auth_error(base_version: int, message: str) -> str:
    return f'{{"type":"AuthError","error":{_text(message)},"baseVersion":{base_version},"authUpdateAttempted":true}}'


def _text(text: str) -> str:
    return msgspec.json.encode(shown(text)).decode()
