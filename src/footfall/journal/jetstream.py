"""The journal of a cluster: partitions, each a JetStream stream with replicas. What is appended together is one message.

It knows nothing of what the records mean. One connection serves all of it; the registry of the same cluster shares it.

* Durable: an append returns after the stream's leader has told that a majority of the replicas holds the message.
* An append is tried again under one `Nats-Msg-Id` until SECONDS have passed (a new leader takes about five): the stream knows
  it again and stores it once. What a client sends again is another message, and the fold's business.
* A full stream refuses (`discard: new`); nothing but `trim` ever takes a message out.
* A seq is the partition, the message's number in its stream, and 12 bits that count up to the end of the message: its last record
  always has all of them set, so a head or tail is known without looking into a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import count
from secrets import token_hex

import msgspec
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingCame
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, DiscardPolicy, Header, StorageType, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError, ServiceUnavailableError

from footfall.errors import JournalFailed, StoreMismatch
from footfall.journal.base import PARTITION_BITS, Batch, Behind, Position
from footfall.journal.jetstream_connection import FAULTS, said
from footfall.model import Record

SECONDS = 8.0  # an append is tried again for that long
_TRY = 2.0  # and each time waits for an answer for that long
_PAUSE = 0.1
_CREATE = 30.0  # a cluster that is just being started elects its leaders first
_RECORD_BITS = 12
_LAST = (1 << _RECORD_BITS) - 1  # what the last record of a message has in these bits
_MOST_RECORDS = 1 << _RECORD_BITS  # of one message
_HEADERS = 1_024  # of a message's largest size, for its headers
_FETCH = 32  # messages asked for at once
_CUT_OFF = 15.0  # so long a server may take itself for the leader that is not any more; it knows after ten
_IDLE = 1.0  # after so long without a message the stream is asked whether there is really none
_PATIENCE = 8.0  # at most, where consumers gave nothing: servers that elect would only be later for each new one
_FORGET = 10.0  # a consumer that nobody asks goes by itself

log = structlog.get_logger(__name__)


async def open_partition(
    client: Client, number: int, store_id: str, *, replicas: int, name: str = "footfall", above: Position = 0
) -> JetstreamPartition:
    """Open a partition, making its stream if there is none; the seqs of a new one begin above `above`, one of an embedded journal
    that goes on here. `name` is what all streams of a cluster begin with.

    Raises StoreMismatch when the stream belongs to another store, JournalFailed when it cannot be opened now.
    """
    js = client.jetstream(timeout=_TRY)
    config = StreamConfig(
        name=f"{name}-journal-{number}",
        subjects=[f"{name}.journal.{number}"],
        storage=StorageType.FILE,
        num_replicas=replicas,
        discard=DiscardPolicy.NEW,
        metadata={"store": store_id},
        first_seq=(above >> _RECORD_BITS) + 2 if above else None,  # never 1: that is what a cluster without a past begins with
    )
    found = await opened(js, config)
    owner = (found.config.metadata or {}).get("store")
    if owner != store_id:
        raise StoreMismatch(
            f"the stream {config.name} belongs to store {owner}, this cluster is store {store_id}", "name another NATS cluster"
        )
    return JetstreamPartition(client, number, store_id, config)


async def open_partitions(
    client: Client, count: int, store_id: str, *, replicas: int, above: Position = 0
) -> list[JetstreamPartition]:
    """All of a cluster."""
    return [await open_partition(client, number, store_id, replicas=replicas, above=above) for number in range(count)]


async def drop_partition(client: Client, number: int, *, name: str = "footfall") -> None:
    """Remove a partition with all that is in it; one that is not there is no matter. Raises JournalFailed."""
    try:
        await client.jetstream(timeout=_TRY).delete_stream(f"{name}-journal-{number}")
    except NotFoundError:
        return
    except FAULTS as error:
        raise JournalFailed(f"partition {number} cannot be removed: {said(error)}") from error


async def opened(js: JetStreamContext, config: StreamConfig) -> StreamInfo:
    """The stream, made if there is none. Raises JournalFailed."""
    assert config.name is not None
    deadline = asyncio.get_running_loop().time() + _CREATE
    while True:
        try:
            try:
                return await js.stream_info(config.name)
            except NotFoundError:
                return await js.add_stream(config)
        except FAULTS as error:
            if asyncio.get_running_loop().time() > deadline:
                raise JournalFailed(f"the stream {config.name} cannot be opened: {said(error)}") from error
        await asyncio.sleep(_PAUSE)


class JetstreamPartition:
    """See journal/base.py. Made by `open_partition`. Closing it leaves the connection open: that is its owner's."""

    def __init__(self, client: Client, number: int, store_id: str, config: StreamConfig) -> None:
        assert config.name is not None
        assert config.subjects is not None
        self.number = number
        self.store_id = store_id
        self._client = client
        self._js = client.jetstream(timeout=_TRY)
        self._stream = config.name
        self._subject = config.subjects[0]
        self._base = number << PARTITION_BITS
        self.start = self._position(0)
        self._writer = token_hex(8)
        self._numbers = count()
        self._seen = self.start  # the last that was read
        self._state = ""  # why nothing can be appended: closed, or to be reopened
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Record]).decode

    async def append(self, records: Sequence[Record]) -> Position:
        """One message; several where they are too many or too large for one, in order."""
        if self._state:
            raise JournalFailed(self._state)
        if not records:
            return await self.head()
        try:
            messages = list(self._messages(records))
        except (msgspec.MsgspecError, ValueError, TypeError, OverflowError) as error:
            raise self._failed(str(error)) from error
        number = 0
        deadline = asyncio.get_running_loop().time() + SECONDS
        for body in messages:
            number = await self._publish(body, deadline)
        return self._position(number)

    async def reopen(self) -> Position:
        """There is nothing to open: it asks the stream's leader, who has to be there."""
        head = await self.head()
        self._state = ""
        return head

    async def follow(self, after: Position) -> AsyncIterator[Batch]:
        """Up to a head that was true when it was reached."""
        async for position, records in self._read(after):
            if records:
                yield position, records
            elif position >= await self.head():
                return

    def watch(self, after: Position) -> AsyncIterator[Batch]:
        """Asks for more as soon as it was taken, so a slow reader holds nobody up."""
        return self._read(after)

    async def head(self) -> Position:
        return (await self._bounds())[1]

    async def tail(self) -> Position:
        return (await self._bounds())[0]

    async def behind(self, position: Position) -> Behind:
        """By the clock of the server that took the first message."""
        tail, head = await self._bounds()
        first = self._message_after(max(tail, position))
        if position >= head:
            return Behind()
        try:
            message = await self._js.get_msg(self._stream, first)
        except FAULTS as error:
            raise JournalFailed(f"the journal cannot be read: {said(error)}") from error
        assert message.time is not None  # a stored message has one
        return Behind(self._message_after(head) - first, int(message.time.timestamp() * 1000))

    async def trim(self, before: Position, *, wipe: bool = False) -> None:
        """The servers give the room back by themselves, `wipe` or not: a message that was taken out is never told again, and its
        block of the file is written anew when half of it is gone."""
        try:
            await self._js.purge_stream(self._stream, seq=self._message_after(before))
        except FAULTS as error:
            raise JournalFailed(f"the journal could not be trimmed: {said(error)}") from error

    async def close(self) -> None:
        self._state = "the journal is closed"

    # --- writing ---

    def _messages(self, records: Sequence[Record]) -> Iterator[bytes]:
        body = self._encode(records)
        if len(records) <= _MOST_RECORDS and len(body) <= self._client.max_payload - _HEADERS:
            yield body
        elif len(records) == 1:
            raise ValueError(f"a record of {len(body)} bytes is more than NATS takes (max_payload: {self._client.max_payload})")
        else:
            middle = len(records) // 2
            yield from self._messages(records[:middle])
            yield from self._messages(records[middle:])

    async def _publish(self, body: bytes, deadline: float) -> int:
        """The number of the message in the stream."""
        headers = {Header.MSG_ID.value: f"{self._writer}-{next(self._numbers)}"}
        while True:
            try:
                ack = await self._js.publish(self._subject, body, stream=self._stream, headers=dict(headers))
                return ack.seq
            except FAULTS as error:
                if asyncio.get_running_loop().time() + _PAUSE > deadline or self._client.is_closed:
                    raise self._failed(said(error)) from error
            await asyncio.sleep(_PAUSE)

    def _failed(self, why: str) -> JournalFailed:
        self._state = self._state or "the journal has to be reopened"
        return JournalFailed(f"the journal could not be written: {why}")

    # --- reading ---

    def _position(self, message: int) -> Position:
        """The seq of a message's last record."""
        return self._base | message << _RECORD_BITS | _LAST

    def _message_after(self, position: Position) -> int:
        """The number of the first message with a record behind it."""
        return (position + 1 - self._base) >> _RECORD_BITS

    async def _bounds(self) -> tuple[Position, Position]:
        """(tail, head), as the stream's leader knows them."""
        if self._state.endswith("closed"):
            raise JournalFailed(self._state)
        try:
            state = (await self._js.stream_info(self._stream)).state
        except FAULTS as error:
            raise JournalFailed(f"the journal cannot be read: {said(error)}") from error
        return self._position(max(0, state.first_seq - 1)), self._position(state.last_seq)

    async def _read(self, after: Position) -> AsyncIterator[Batch]:
        """Batches for ever; an empty one whenever the head was reached. Each consumer is good until a message is missing."""
        patience = _IDLE
        while True:
            head = await self._head_behind(after)
            patience = min(2 * patience, _PATIENCE)
            try:
                async for batch in self._consumed(after, head, patience):
                    after, patience = batch[0], _IDLE
                    self._seen = max(self._seen, after)
                    yield batch
            except FAULTS as error:
                raise JournalFailed(f"the journal cannot be read: {said(error)}") from error

    async def _head_behind(self, after: Position) -> Position:
        """The head, `after` or later. One that is before what was read already is told by a server that was cut off from the
        others and does not know it yet. Raises StoreMismatch when `after` is not there."""
        deadline = asyncio.get_running_loop().time() + _CUT_OFF
        while True:
            tail, head = await self._bounds()
            if tail <= after <= head:
                return head
            if not head < after <= self._seen or asyncio.get_running_loop().time() > deadline:
                raise StoreMismatch(
                    f"partition {self.number} holds the records after {tail} up to {head}, not those after {after}",
                    "start this node again: it goes on from the newest checkpoint",
                )
            await asyncio.sleep(_PAUSE)

    async def _consumed(self, after: Position, head: Position, patience: float) -> AsyncIterator[Batch]:
        """What one consumer gives; it ends when a message is missing. `patience`: seconds for its first one."""
        expected = self._message_after(after)
        subscription = await self._consumer(expected)
        try:
            if after == head:
                yield after, ()
            while True:
                messages, patience = await self._fetch(subscription, patience), _IDLE
                for message in messages:
                    number = message.metadata.sequence.stream
                    if number != expected:
                        return
                    expected += 1
                    records = self._records(number, message.data)
                    last = self._position(number)
                    yield last, records[max(0, after + len(records) - last) :]
                    if not message.metadata.num_pending:
                        yield last, ()
                if expected <= await self._last():
                    return
        finally:
            await self._leave(subscription)

    async def _consumer(self, first: int) -> JetStreamContext.PullSubscription:
        made = await self._js.add_consumer(
            self._stream,
            ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=first,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=_FORGET,
                num_replicas=1,
                mem_storage=True,
            ),
        )
        return await self._js.pull_subscribe_bind(consumer=made.name, stream=self._stream)

    async def _leave(self, subscription: JetStreamContext.PullSubscription) -> None:
        try:
            await subscription.unsubscribe()
        except FAULTS as error:
            log.debug("a consumer was left to itself", error=said(error))

    async def _fetch(self, subscription: JetStreamContext.PullSubscription, patience: float) -> Sequence[Msg]:
        """The next messages; none when there were none for a while. Not more than one is waited for."""
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            try:
                (first,) = await subscription.fetch(1, timeout=patience)
                break
            except NothingCame:
                return ()
            except ServiceUnavailableError:  # the consumer has no leader, yet or any more
                if asyncio.get_running_loop().time() > deadline:
                    return ()
            await asyncio.sleep(_PAUSE)
        more = min(first.metadata.num_pending, _FETCH)
        return [first, *(await subscription.fetch(more, timeout=_IDLE) if more else ())]

    async def _last(self) -> int:
        """The number of the last message, 0 if nobody can tell just now."""
        try:
            return (await self._js.stream_info(self._stream)).state.last_seq
        except FAULTS:
            return 0

    def _records(self, number: int, body: bytes) -> Sequence[Record]:
        try:
            return self._decode(body)
        except msgspec.MsgspecError as error:
            raise StoreMismatch(
                f"message {number} of partition {self.number} cannot be read: {error}",
                "install the newest Footfall on every node",
            ) from error
