"""The registry of a cluster: a JetStream key-value bucket of documents and an object store of checkpoints.

It is reached over the journal's connection. A document's key is its kind, a dot, and its id in base64, for an id may be any text.
A checkpoint is one object, named by its seq, described by its version: the parts, each with its length in front. It is there
when its description is, which comes last.
"""

from __future__ import annotations

import asyncio
import io
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from nats.aio.client import Client
from nats.js.api import ObjectInfo, ObjectMeta
from nats.js.errors import (
    BadObjectMetaError,
    BucketNotFoundError,
    DigestMismatchError,
    KeyNotFoundError,
    KeyWrongLastSequenceError,
    NotFoundError,
)
from nats.js.kv import KeyValue
from nats.js.object_store import ObjectStore

from footfall.errors import Busy
from footfall.journal.base import Position, partition_of
from footfall.journal.jetstream_connection import FAULTS, said
from footfall.registry.base import Checkpoint

T = TypeVar("T")

KEPT = 2  # valid checkpoints of a partition
_TRY = 2.0
_SECONDS = 8.0  # a call is tried again for that long: a new leader takes about five
_CREATE = 30.0
_CHECKPOINT_SECONDS = 120.0
_PAUSE = 0.1
_LENGTH = 8  # bytes in front of a part


async def open_registry(client: Client, *, replicas: int, name: str = "footfall") -> JetstreamRegistry:
    """Open the registry, making what is not there. Raises Busy."""
    js = client.jetstream(timeout=_TRY)
    documents = await bucket(client, f"{name}-registry", replicas)

    async def objects() -> ObjectStore:
        try:
            return await js.object_store(f"{name}-checkpoints")
        except BucketNotFoundError:
            return await js.create_object_store(f"{name}-checkpoints", replicas=replicas)

    return JetstreamRegistry(client, documents, await tried(objects, _CREATE))


async def bucket(client: Client, name: str, replicas: int) -> KeyValue:
    """A key-value bucket, made if there is none. Raises Busy."""
    js = client.jetstream(timeout=_TRY)

    async def opened() -> KeyValue:
        try:
            return await js.key_value(name)
        except BucketNotFoundError:
            return await js.create_key_value(bucket=name, replicas=replicas)

    return await tried(opened, _CREATE)


async def tried(work: Callable[[], Awaitable[T]], seconds: float = _SECONDS) -> T:
    """What `work` gives, again and again while the servers elect a leader. Raises Busy; not found and not changed are answers."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await work()
        except (NotFoundError, KeyWrongLastSequenceError, DigestMismatchError, BadObjectMetaError):
            raise
        except FAULTS as error:
            if asyncio.get_running_loop().time() + _PAUSE > deadline:
                raise Busy(f"the registry cannot be used: {said(error)}") from error
        await asyncio.sleep(_PAUSE)


class JetstreamRegistry:
    """See registry/base.py. Made by `open_registry`. Closing it leaves the connection open: that is its owner's."""

    def __init__(self, client: Client, documents: KeyValue, objects: ObjectStore) -> None:
        self._js = client.jetstream(timeout=_TRY)
        self._documents = documents
        self._objects = objects
        self._rests: dict[str, int] = {}  # subjects of chunks that belonged to no checkpoint at the last look, and how many
        self._closed = False

    async def revision(self) -> int:
        """Another number whenever a document was put or removed, by whatever process: what is put moves the last seq, what is
        removed becomes less."""
        state = (await self._try(lambda: self._js.stream_info(self._documents._stream))).state
        return state.last_seq << 32 | state.messages

    async def put(self, kind: str, id: str, document: bytes) -> None:
        await self._try(lambda: self._documents.put(_key(kind, id), document))

    async def replace(self, kind: str, id: str, seen: bytes | None, document: bytes) -> bool:
        there, revision = await self._look(kind, id)
        if there != seen:
            return False
        try:
            await self._try(lambda: self._documents.update(_key(kind, id), document, revision))
        except KeyWrongLastSequenceError:
            return await self.get(kind, id) == document  # a call whose answer was lost may have been carried out
        return True

    async def create(self, kind: str, id: str, document: bytes) -> bytes:
        """Put it if there is none; the one that is there then, whoever was first."""
        if await self.replace(kind, id, None, document):
            return document
        found = await self.get(kind, id)
        assert found is not None  # what somebody made a moment ago
        return found

    async def get(self, kind: str, id: str) -> bytes | None:
        return (await self._look(kind, id))[0]

    async def _look(self, kind: str, id: str) -> tuple[bytes | None, int | None]:
        """The document and its revision."""
        try:
            entry = await self._try(lambda: self._documents.get(_key(kind, id)))
        except KeyNotFoundError:
            return None, None
        return entry.value or b"", entry.revision

    async def list(self, kind: str) -> dict[str, bytes]:
        """Asked of the stream's leader, one by one. A watcher would take its word from any replica, which may be behind, and may
        end before the first entry (nats.py 842, 995)."""
        prefix = f"$KV.{self._documents._name}."
        subjects = await self._subjects(self._documents._stream, f"{prefix}{kind}.>")
        ids = sorted(_id(subject.removeprefix(prefix)) for subject in subjects)
        found = await asyncio.gather(*(self.get(kind, id) for id in ids))
        return {id: document for id, document in zip(ids, found, strict=True) if document is not None}

    async def _subjects(self, stream: str, pattern: str) -> Mapping[str, int]:
        """Those that have messages, with how many, as the stream's leader knows them."""
        info = await self._try(lambda: self._js.stream_info(stream, subjects_filter=pattern))
        return info.state.subjects or {}

    async def _purge(self, stream: str, subject: str) -> None:
        """Remove all messages of a subject, without a mark."""
        await self._try(lambda: self._js.purge_stream(stream, subject=subject))

    async def delete(self, kind: str, id: str) -> bool:
        """No mark stays that there was one: every checkpoint has documents, which would add up for ever."""
        found = await self.get(kind, id)
        if found is not None:
            await self._purge(self._documents._stream, f"$KV.{self._documents._name}.{_key(kind, id)}")
        return found is not None

    async def save_checkpoint(self, seq: Position, version: str, parts: Iterable[bytes]) -> None:
        """`parts` is walked in a thread, one part at a time, so it may encode as it goes."""
        self._check()
        meta = ObjectMeta(name=str(seq), description=version)
        try:
            async with asyncio.timeout(_CHECKPOINT_SECONDS):
                await self._objects.put(str(seq), _Reader(parts), meta)
        except FAULTS as error:
            raise Busy(f"a checkpoint cannot be written: {said(error)}") from error
        mine = [info for info in await self._list_checkpoints() if _partition(info) == partition_of(seq)]
        for info in mine[KEPT:]:
            await self._remove(info)
        await self._clean()

    async def load_checkpoints(self, version: str) -> Sequence[Position]:
        return [int(info.name) for info in await self._list_checkpoints() if info.description == version]

    async def load_checkpoint(self, seq: Position) -> Checkpoint | None:
        self._check()
        body = io.BytesIO()
        try:
            async with asyncio.timeout(_CHECKPOINT_SECONDS):
                await self._objects.get(str(seq), writeinto=body)
        except (NotFoundError, DigestMismatchError, BadObjectMetaError):
            return None
        except FAULTS as error:
            raise Busy(f"a checkpoint cannot be read: {said(error)}") from error
        return Checkpoint(seq, list(_parts(body.getbuffer())))

    async def drop_checkpoints(self, before: Position) -> None:
        for info in await self._list_checkpoints():
            if _partition(info) == partition_of(before) and int(info.name) < before:
                await self._remove(info)

    async def close(self) -> None:
        self._closed = True

    async def _list_checkpoints(self) -> Sequence[ObjectInfo]:
        """Newest first, of all versions."""
        stream = self._objects._stream
        described = f"$O.{stream.removeprefix('OBJ_')}.M."
        subjects = await self._subjects(stream, described + ">")
        names = [urlsafe_b64decode(subject.removeprefix(described)).decode() for subject in subjects]
        found = await asyncio.gather(*(self._described(name) for name in names))
        return sorted((info for info in found if info is not None), key=lambda info: int(info.name), reverse=True)

    async def _described(self, name: str) -> ObjectInfo | None:
        try:
            return await self._try(lambda: self._objects.get_info(name))
        except NotFoundError:  # another process removed it just now
            return None

    async def _remove(self, info: ObjectInfo) -> None:
        """Its description first, so that nobody finds half of it; and no mark that there was one."""
        name = urlsafe_b64encode(info.name.encode()).decode()
        for subject in f"$O.{info.bucket}.M.{name}", f"$O.{info.bucket}.C.{info.nuid}":
            await self._purge(f"OBJ_{info.bucket}", subject)

    async def _clean(self) -> None:
        """Remove what a crash left: chunks of no checkpoint that did not become more since the last look. What another process
        is writing just now does."""
        stream = self._objects._stream
        chunks = f"$O.{stream.removeprefix('OBJ_')}.C."
        subjects = await self._subjects(stream, chunks + ">")
        known = {f"{chunks}{info.nuid}" for info in await self._list_checkpoints()}
        rests = {subject: count for subject, count in subjects.items() if subject not in known}
        for subject, _ in rests.items() & self._rests.items():
            await self._purge(stream, subject)
        self._rests = rests

    async def _try(self, work: Callable[[], Awaitable[T]]) -> T:
        self._check()
        return await tried(work)

    def _check(self) -> None:
        if self._closed:
            raise Busy("the registry is closed")


class _Reader(io.BufferedIOBase):
    """The parts as one stream of bytes, each with its length in front. NATS reads it in a thread."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any buffer, says the base; it gets a bytearray
        filled = 0
        while filled < len(buffer):
            if not self._rest:
                part = next(self._parts, None)
                if part is None:
                    break
                self._rest = len(part).to_bytes(_LENGTH, "big") + part
            piece = self._rest[: len(buffer) - filled]
            buffer[filled : filled + len(piece)] = piece
            self._rest = self._rest[len(piece) :]
            filled += len(piece)
        return filled


def _parts(body: memoryview) -> Iterator[bytes]:
    at = 0
    while at < len(body):
        end = at + _LENGTH + int.from_bytes(body[at : at + _LENGTH], "big")
        yield bytes(body[at + _LENGTH : end])
        at = end


def _partition(info: ObjectInfo) -> int:
    """Of which partition it is: those of a sink; a node's are of none, and all have the number 0."""
    return partition_of(int(info.name))


def _key(kind: str, id: str) -> str:
    return f"{kind}.-{urlsafe_b64encode(id.encode()).decode()}"  # the dash: an id may be empty


def _id(key: str) -> str:
    return urlsafe_b64decode(key.partition(".-")[2]).decode()
