"""One connection: what a client that keeps the protocol's rules gets to see, however slowly it reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.convex.connection import MOST_QUERIES, MOST_UNSENT, Connection, Value
from footfall.convex.messages import Authenticate, Mutation, ProtocolError
from footfall.convex.values import read_timestamp, timestamp

SESSION = "b81b0fa5-5176-4d3c-ad86-04d4408371ba"
CONNECT = {"type": "Connect", "connectionCount": 0, "sessionId": SESSION, "lastCloseReason": "InitialConnect", "clientTs": 0}


class Client:
    """Keeps the books that a real client keeps, and fails where that would break or wait for ever."""

    def __init__(self, connect: dict[str, Any] = CONNECT) -> None:
        self.connection = Connection()
        self.ts = 0
        self.version: dict[str, Any] = {"querySet": 0, "identity": 0, "ts": timestamp(0)}
        self.value: Value | None = None
        self.query_set = self.identity = self.next_query = self.next_request = 0
        self.live: dict[int, Any] = {}  # query -> its last result
        self.answered: dict[int, int] = {}  # request -> ts that a Transition has to reach
        self.done: list[int] = []
        self.said: list[str] = []  # types, in order
        self.auth_errors: list[str] = []
        self.say(connect)

    def tick(self) -> int:
        self.ts += 1
        return self.ts

    def say(self, message: dict[str, Any]) -> Mutation | Authenticate | None:
        return self.connection.receive(json.dumps(message), self.tick())

    def add(self, path: str = "stats:getStats", args: Any = ({},)) -> int:
        query, self.next_query = self.next_query, self.next_query + 1
        self.live[query] = None
        self.modify({"type": "Add", "queryId": query, "udfPath": path, "args": args})
        return query

    def remove(self, query: int) -> None:
        del self.live[query]
        self.modify({"type": "Remove", "queryId": query})

    def modify(self, *changes: dict[str, Any]) -> None:
        before, self.query_set = self.query_set, self.query_set + 1
        self.say({"type": "ModifyQuerySet", "baseVersion": before, "newVersion": before + 1, "modifications": changes})

    def mutate(self, failing: bool = False) -> int:
        request, self.next_request = self.next_request, self.next_request + 1
        message = {"type": "Mutation", "requestId": request, "udfPath": "stats:heartbeat", "args": [{}]}
        mutation = self.say(message)
        assert isinstance(mutation, Mutation)
        if failing:
            self.connection.failed(mutation, "no")
        else:
            self.connection.succeeded(mutation, "null", self.tick())
        return request

    def change(self, text: str | None = None) -> None:
        """The board works something out, which may be as before."""
        as_of = self.tick()
        same = self.value is not None and text in (None, self.value.text)
        since = self.value.since if same and self.value is not None else as_of
        self.value = Value(as_of, since, self.value.text if same and self.value is not None else text or "0")

    def read(self) -> None:
        """Take what there is, by a client's rules."""
        for text in self.connection.take(self.value, self.tick()):
            message = json.loads(text)
            self.said.append(message["type"])
            getattr(self, f"_{message['type']}")(message)

    def _Transition(self, message: dict[str, Any]) -> None:
        assert message["startVersion"] == self.version
        self.version = message["endVersion"]
        assert self.version["querySet"] <= self.query_set
        reached = read_timestamp(self.version["ts"])
        assert read_timestamp(message["startVersion"]["ts"]) <= reached
        for change in message["modifications"]:
            if change["type"] == "QueryRemoved":
                assert change["queryId"] not in self.live
            elif change["queryId"] in self.live:
                assert change["logLines"] == []
                self.live[change["queryId"]] = change.get("value", change.get("errorMessage"))
        self.done += [request for request, ts in self.answered.items() if ts <= reached]
        self.answered = {request: ts for request, ts in self.answered.items() if ts > reached}

    def _MutationResponse(self, message: dict[str, Any]) -> None:
        assert message["logLines"] == []
        self.answered[message["requestId"]] = read_timestamp(message["ts"]) if message["success"] else 0

    def _AuthError(self, message: dict[str, Any]) -> None:
        self.auth_errors.append(message["error"])


def test_a_query_is_answered_when_its_value_is_there() -> None:
    """Not before, with nothing older than the question, and once."""
    client = Client()
    client.change("1")
    query = client.add()
    client.read()
    assert client.said == []
    client.change("2")
    client.read()
    client.read()
    assert (client.said, client.live[query]) == (["Transition"], 2)
    client.change("3")
    client.change("4")
    client.read()
    assert (client.said, client.live[query]) == (["Transition"] * 2, 4)


def test_a_mutation_is_followed_by_what_it_did() -> None:
    """The response at once; the Transition when the value holds what the mutation did, though nobody else saw a change."""
    client = Client()
    client.add()
    client.change("1")
    client.read()
    request = client.mutate()
    client.read()
    assert client.said == ["Transition", "MutationResponse"]
    client.change()
    client.read()
    assert client.done == [request]


def test_without_a_query_a_mutation_is_done_at_once() -> None:
    """There is nothing to wait for."""
    client = Client()
    requests = [client.mutate(), client.mutate(failing=True), client.mutate()]
    client.read()
    assert client.said == ["MutationResponse"] * 3 + ["Transition"]
    assert client.done == requests


def test_bad_queries_fail_and_the_others_go_on() -> None:
    """Each with a message that names what is wrong; the connection stays."""
    client = Client()
    queries = [
        client.add("stats:nothing"),
        client.add("stats:heartbeat"),
        client.add(args=[{"a": 1}]),
        client.add("stats.js:getStats"),
    ]
    client.change("7")
    client.read()
    failed = [client.live[query] for query in queries]
    assert "stats:nothing" in failed[0]
    assert "Mutation" in failed[1]
    assert "a: " in failed[2]
    assert failed[3] == 7
    client.remove(queries[0])
    client.remove(queries[3])
    client.read()
    assert client.version["querySet"] == 6
    assert not client.connection.watches


def test_tokens_of_users_are_accepted_and_an_admins_key_is_looked_at() -> None:
    """Every Authenticate steps the identity; one that is refused does not."""
    client = Client()
    for token in ({"tokenType": "User", "value": "jwt"}, {"tokenType": "None"}):
        assert client.say({"type": "Authenticate", "baseVersion": client.identity, **token}) is None
        client.identity += 1
        client.read()
        assert client.version["identity"] == client.identity
    asked = client.say({"type": "Authenticate", "baseVersion": 2, "tokenType": "Admin", "value": "key"})
    assert isinstance(asked, Authenticate)
    client.connection.unidentified("wrong")
    client.read()
    assert (client.auth_errors, client.version["identity"], client.connection.admin) == (["wrong"], 2, False)
    client.connection.identified(admin=True)
    client.read()
    assert (client.version["identity"], client.connection.admin) == (3, True)


def test_actions_fail_at_once() -> None:
    """There are none."""
    connection = Client().connection
    connection.receive(json.dumps({"type": "Action", "requestId": 4, "udfPath": "stats:getStats", "args": [{}]}), 9)
    (text,) = connection.take(None, 10)
    answer = json.loads(text)
    assert (answer["type"], answer["requestId"], answer["success"]) == ("ActionResponse", 4, False)


def test_time_does_not_go_back_for_a_client_that_has_seen_more() -> None:
    """The clock was set back a little; a ts from nowhere is not believed."""
    for seen, reached in ((5_000, 5_000), (2**62, 5)):
        client = Client({**CONNECT, "maxObservedTimestamp": timestamp(seen)})
        client.mutate()
        client.read()
        assert read_timestamp(client.version["ts"]) <= max(reached, client.ts)
        assert read_timestamp(client.version["ts"]) >= (reached if seen < 10_000 else 0)


ADD = {"type": "Add", "queryId": 0, "udfPath": "stats:getStats", "args": [{}]}


@pytest.mark.parametrize(
    "messages",
    [
        ["{"],
        ["[]"],
        ['{"type":"Nonsense"}'],
        ['{"type":"ModifyQuerySet","baseVersion":0,"newVersion":1,"modifications":[]}'],
        [json.dumps(CONNECT), json.dumps(CONNECT)],
        [json.dumps({**CONNECT, "sessionId": ""})],
        [json.dumps({**CONNECT, "sessionId": "x" * 129})],
        [json.dumps({**CONNECT, "maxObservedTimestamp": "x"})],
        [json.dumps(CONNECT), '{"type":"ModifyQuerySet","baseVersion":1,"newVersion":2,"modifications":[]}'],
        [json.dumps(CONNECT), '{"type":"ModifyQuerySet","baseVersion":0,"newVersion":2,"modifications":[]}'],
        [json.dumps(CONNECT), '{"type":"Authenticate","baseVersion":1,"tokenType":"None"}'],
        [json.dumps(CONNECT), '{"type":"Mutation","requestId":"0","udfPath":"stats:heartbeat","args":[{}]}'],
        [
            json.dumps(CONNECT),
            json.dumps(
                {
                    "type": "ModifyQuerySet",
                    "baseVersion": 0,
                    "newVersion": 1,
                    "modifications": [{**ADD, "queryId": n} for n in range(MOST_QUERIES + 1)],
                }
            ),
        ],
    ],
)
def test_what_breaks_the_rules_ends_the_connection(messages: list[str]) -> None:
    """Said in words; nothing is answered that a client would stumble over."""
    connection = Connection()
    for text in messages[:-1]:
        connection.receive(text, 1)
    with pytest.raises(ProtocolError):
        connection.receive(messages[-1], 2)


def test_answers_that_nobody_reads_have_an_end() -> None:
    """A client that asks on and on and takes nothing is let go."""
    client = Client()
    for _ in range(MOST_UNSENT + 1):
        client.mutate(failing=True)
    with pytest.raises(ProtocolError):
        client.mutate()


STEPS = st.lists(
    st.one_of(
        st.just(("add",)), st.just(("remove",)), st.just(("mutate", False)), st.just(("mutate", True)), st.just(("read",)),
        st.tuples(st.just("change"), st.sampled_from([None, "1", "2"])), st.just(("authenticate",)),
    ),
    max_size=60,
)  # fmt: skip


@given(STEPS)
def test_whatever_happens_in_whatever_order_the_client_ends_up_to_date(steps: list[tuple[Any, ...]]) -> None:
    """Versions join on, and once the board has worked out the last state every query has it and every mutation is done."""
    client = Client()
    for step, *how in steps:
        if step == "add":
            if len(client.live) < MOST_QUERIES:
                client.add()
        elif step == "remove":
            if client.live:
                client.remove(min(client.live))
        elif step == "authenticate":
            client.say({"type": "Authenticate", "baseVersion": client.identity, "tokenType": "None"})
            client.identity += 1
        else:
            getattr(client, step)(*how)
    client.change("9")
    client.read()
    assert set(client.live.values()) <= {9}
    assert sorted(client.done) == list(range(client.next_request))
    assert client.answered == {}
    assert (client.version["querySet"], client.version["identity"]) == (client.query_set, client.identity)
    said = len(client.said)
    client.read()
    assert len(client.said) == said
