"""One connection of the sync protocol, without a socket: messages in, messages out.

What has to be sent is composed only when it can be: a client that reads slowly gets the newest value, and one Transition for
everything that happened meanwhile. The rules it keeps:
    every Transition begins at the version where the last one ended;
    a response to a mutation is followed by a Transition, always, and that one has the mutation's effects;
    a query is answered once it was added, and again when its value has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from footfall.convex import messages
from footfall.convex.functions import ACTION, QUERY, CallFailed, find, read_call
from footfall.convex.messages import Action, Add, Authenticate, Connect, ModifyQuerySet, Mutation, ProtocolError, Remove, Version
from footfall.convex.values import read_timestamp, timestamp
from footfall.intake.text import fits

MOST_QUERIES = 4  # there is one to ask, and clients ask it once for all who want it; each has the whole value in every push
MOST_UNSENT = 2_000  # answers that wait until they can be sent
LONGEST_SESSION = 128  # bytes
AHEAD = 600 * 10**9  # so far (ns) a ts that a client has seen may lie ahead of the clock: it was set back


@dataclass(frozen=True, slots=True)
class Value:
    """What getStats returns. It held at `as_of`, and has been so since `since`. `failed`: the text is a message instead."""

    as_of: int
    since: int
    text: str
    failed: bool = False


class Connection:
    """`admin`: whether the client holds the owner's key."""

    def __init__(self) -> None:
        self.session = ""
        self.admin = False
        self._version = Version(0, 0, 0)
        self._query_set = self._identity = 0  # what the next Transition ends with
        self._live: dict[int, int] = {}  # query -> since when the value is so that it was told; 0: none was
        self._once: list[str] = []  # what the next Transition says besides
        self._replies: list[str] = []  # what comes before it
        self._due = False  # there has to be one
        self._needs = 0  # it must tell what holds at this ts
        self._floor = 0  # the latest ts that the client has ever seen

    @property
    def watches(self) -> bool:
        """Whether it has a query that goes on."""
        return bool(self._live)

    def receive(self, text: str, ts: int) -> Mutation | Authenticate | None:
        """A message, read at `ts`. What is returned has to be done by others: a mutation, or looking at an admin's key.
        Raises ProtocolError."""
        if len(self._once) + len(self._replies) > MOST_UNSENT:
            raise ProtocolError("expected a client that reads what it is answered")
        message = messages.read_message(text)
        if isinstance(message, Connect) == bool(self.session):
            raise ProtocolError("expected one Connect, before everything else")
        match message:
            case Connect():
                self._connect(message, ts)
            case ModifyQuerySet():
                self._modify(message, ts)
            case Mutation():
                return message
            case Action():
                self._replies.append(messages.request_failed(message.request_id, "Action", _no_action(message)))
            case Authenticate():
                if message.base_version != self._identity:
                    raise ProtocolError(f"expected identity {self._identity}, not {message.base_version}")
                if message.token_type == "Admin":
                    return message
                self.identified(admin=False)  # there are no accounts: any token is as good as none
        return None

    def succeeded(self, mutation: Mutation, value: str, ts: int) -> None:
        """A mutation was carried out, before `ts`."""
        self._replies.append(messages.mutation_done(mutation.request_id, value, ts))
        self._due, self._needs = True, max(self._needs, ts)

    def failed(self, mutation: Mutation, message: str) -> None:
        """It was not. A Transition follows this, too: one of the clients waits for it."""
        self._replies.append(messages.request_failed(mutation.request_id, "Mutation", message))
        self._due = True

    def identified(self, admin: bool) -> None:
        """An Authenticate is accepted."""
        self.admin = admin
        self._identity += 1
        self._due = True

    def unidentified(self, message: str) -> None:
        """It is not."""
        self.admin = False
        self._replies.append(messages.auth_error(self._identity, message))

    def take(self, value: Value | None, ts: int) -> Sequence[str]:
        """What is to be sent now, [] if nothing is. `value` is the newest that was worked out, `ts` the time."""
        out, self._replies = self._replies, []
        if self._live and (value is None or value.as_of < self._needs):
            return out
        changes = self._once
        if value is not None:
            changes = [*changes, *self._updates(value)]
        if changes or self._due:
            held = value.as_of if value is not None and self._live else ts
            end = Version(self._query_set, self._identity, max(self._version.ts, self._floor, self._needs, held))
            out.append(messages.transition(self._version, end, changes))
            self._version, self._once, self._due = end, [], False
        return out

    def _updates(self, value: Value) -> list[str]:
        tell = messages.query_failed if value.failed else messages.query_updated
        told = [tell(query, value.text) for query, since in self._live.items() if since != value.since]
        if told:
            self._live = dict.fromkeys(self._live, value.since)
        return told

    def _connect(self, message: Connect, ts: int) -> None:
        if not message.session_id or not fits(message.session_id, LONGEST_SESSION):
            raise ProtocolError(f"expected a sessionId of at most {LONGEST_SESSION} bytes")
        self.session = message.session_id
        try:
            seen = read_timestamp(message.max_observed_timestamp or timestamp(0))
        except ValueError as error:
            raise ProtocolError("maxObservedTimestamp: expected 8 bytes of base64") from error
        self._floor = seen if seen <= ts + AHEAD else 0

    def _modify(self, message: ModifyQuerySet, ts: int) -> None:
        if message.base_version != self._query_set or message.new_version != self._query_set + 1:
            raise ProtocolError(f"expected query set {self._query_set} to become {self._query_set + 1}")
        self._query_set += 1
        self._due = True
        for change in message.modifications:
            if isinstance(change, Remove):
                self._live.pop(change.query_id, None)
                self._once.append(messages.query_removed(change.query_id))
            else:
                self._add(change, ts)

    def _add(self, query: Add, ts: int) -> None:
        try:
            read_call(query.udf_path, QUERY, self.admin, query.args)
        except CallFailed as error:
            self._once.append(messages.query_failed(query.query_id, str(error)))
            return
        if len(self._live) >= MOST_QUERIES:
            raise ProtocolError(f"expected at most {MOST_QUERIES} queries")
        self._live[query.query_id] = 0
        self._needs = ts


def _no_action(action: Action) -> str:
    """Why it is not carried out: no function is an action."""
    try:
        find(action.udf_path, ACTION, False)
    except CallFailed as error:
        return str(error)
    raise AssertionError(action.udf_path)
