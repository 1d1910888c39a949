"""ClickHouse over HTTP: texts with their values beside them, rows as JSON lines. It knows no table of ours.

An address is a URL, http://user:password@host:8123/database?cluster=name; several with commas between them are servers of the
same cluster, and one that cannot be reached is passed over for the next.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec

from footfall.errors import HistoryFailed, InvalidInput, TooExpensive

SETTING = "clickhouse"  # its name, for what is said of an address
CONNECT_SECONDS = 2.0
GRACE_SECONDS = 5.0  # more than the server is given, for the way there and back
WRITE_SECONDS = 60.0
CONNECTIONS = 8

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_CODE = re.compile(rb"Code: (\d+)")
_LIMITS = frozenset({158, 159, 160, 191, 241, 307, 396})  # rows, time, memory, bytes
_NAMED = "a URL such as http://user:password@host:8123/database?cluster=name; database and cluster are plain names"

Settings = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Address:
    """Where ClickHouse is. `cluster` is "" for one server by itself."""

    servers: tuple[httpx.URL, ...]
    database: str = "default"
    cluster: str = ""

    @classmethod
    def of(cls, text: str) -> Address:
        """Read one. Raises InvalidInput."""
        try:
            urls = [httpx.URL(part.strip()) for part in text.split(",")]
        except httpx.InvalidURL as error:
            raise InvalidInput(SETTING, _NAMED) from error
        database, cluster = urls[0].path.strip("/") or "default", urls[0].params.get("cluster", "")
        known = all(url.scheme in ("http", "https") and url.host for url in urls) and set(urls[0].params) <= {"cluster"}
        known &= all(url.path.strip("/") in ("", database) for url in urls)  # who names one only later means it for all
        if not known or not _IDENTIFIER.fullmatch(database) or not _IDENTIFIER.fullmatch(cluster or "none"):
            raise InvalidInput(SETTING, _NAMED)
        userinfo = urls[0].userinfo
        servers = (url if url.userinfo else url.copy_with(userinfo=userinfo) for url in urls)
        return cls(tuple(url.copy_with(path="/", query=None) for url in servers), database, cluster)


class Refused(HistoryFailed):
    """The server answered with an error; `code` is ClickHouse's own number."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Server:
    """The servers of one address. Any of them does; the last that answered is asked first."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._first = 0
        self._ending = set[asyncio.Task[None]]()
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(WRITE_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=20),
            trust_env=False,
        )

    async def close(self) -> None:
        """Hang up."""
        await asyncio.gather(*self._ending)
        await self._client.aclose()

    async def run(self, sql: str, settings: Settings | None = None) -> bytes:
        """Do what a text says, which has no values in it; what the server answers. Raises HistoryFailed."""
        return await self._sent(settings or {}, WRITE_SECONDS, content=sql.encode())

    async def insert(self, into: str, lines: bytes, settings: Settings) -> None:
        """Add JSON lines to `into`, a table with its columns."""
        await self._sent({"query": f"INSERT INTO {into} FORMAT JSONEachRow", **settings}, WRITE_SECONDS, content=lines)

    async def ask(
        self,
        sql: str,
        values: Sequence[object] = (),
        tables: Iterable[Table] = (),
        settings: Settings | None = None,
        seconds: float = WRITE_SECONDS,
    ) -> bytes:
        """The same with values: `sql` names them {p0:Type}, {p1:Type} and so on. `tables` are there for this question alone.
        If it changes nothing, it ends when nobody waits for it any more: the server by itself looks only while it reads rows."""
        id = uuid4().hex
        params: dict[str, str | int | float] = {**(settings or {}), "query_id": id}
        fields: list[tuple[str, tuple[str | None, bytes]]] = [("query", (None, sql.encode()))]
        for number, value in enumerate(values):
            fields.append((f"param_p{number}", (None, _escaped(value).encode())))
        for table in tables:
            params |= {f"{table.name}_format": "JSONEachRow", f"{table.name}_structure": table.structure}
            fields.append((table.name, (table.name, table.rows.encode())))
        try:
            return await self._sent(params, seconds + GRACE_SECONDS, files=fields)
        except asyncio.CancelledError:
            if params.get("readonly"):
                ending = asyncio.create_task(self._end(id))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
            raise

    async def _end(self, id: str) -> None:
        """Wherever it runs."""
        for server in self.address.servers:
            with suppress(httpx.HTTPError):
                await self._client.post(server, content=f"KILL QUERY WHERE query_id = '{id}' ASYNC", timeout=GRACE_SECONDS)

    async def download(self, file: Path, sql: str, values: Sequence[str], settings: Settings, seconds: float) -> None:
        """What `ask` answers, into a file. `seconds` may pass without a byte. A text whose format has no end of its own is not
        for this: what is cut off would not be seen."""
        params = {f"param_p{number}": _escaped(value) for number, value in enumerate(values)}
        with _heard(), file.open("wb") as written:
            async with aclosing(await self._answered({**settings, **params}, seconds, content=sql.encode())) as response:
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                    _body(response)
                async for piece in response.aiter_bytes():
                    await asyncio.to_thread(written.write, piece)

    async def _sent(self, params: Settings, seconds: float, **body: object) -> bytes:
        with _heard():
            async with aclosing(await self._answered(params, seconds, **body)) as response:
                await response.aread()
        return _body(response)

    async def _answered(self, params: Settings, seconds: float, **body: object) -> httpx.Response:
        """The answer of the first server that can be reached; its body is still to be read."""
        servers = self.address.servers
        trouble = ""
        for number in (*range(self._first, len(servers)), *range(self._first)):
            request = self._client.build_request(
                "POST",
                servers[number],
                params={"database": self.address.database, **params},
                timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
                **body,  # type: ignore[arg-type]  # content or files
            )
            try:
                response = await self._client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # it has not heard of it
                trouble = f"{servers[number].host}:{servers[number].port}: {str(error) or type(error).__name__}"
                continue
            self._first = number
            return response
        raise HistoryFailed(f"ClickHouse cannot be reached ({trouble})")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that come with a question: a JSON array of objects."""

    name: str
    structure: str
    rows: str


def decoded(body: bytes) -> list[tuple[object, ...]]:
    """The rows of an answer in the format JSONCompactEachRow."""
    decode = msgspec.json.Decoder(tuple[object, ...]).decode
    try:
        return [decode(line) for line in body.splitlines()]
    except msgspec.DecodeError as error:
        raise HistoryFailed(f"ClickHouse answered with something else than rows: {error}") from error


@contextmanager
def _heard() -> Iterator[None]:
    """A way to the server that fails within is history's failure."""
    try:
        yield
    except httpx.HTTPError as error:
        raise HistoryFailed(f"ClickHouse did not answer: {str(error) or type(error).__name__}") from error


def _body(response: httpx.Response) -> bytes:
    if response.status_code == httpx.codes.OK:
        return response.content
    found = _CODE.search(response.content)
    code = int(found[1]) if found else 0
    said = response.content[:500].decode(errors="replace").strip() or f"HTTP {response.status_code}"
    if code in _LIMITS:
        raise TooExpensive(f"the question needs too much: {said}")
    raise Refused(code, f"ClickHouse refused: {said}")


def _escaped(value: object) -> str:
    """As a query parameter is written."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\0", "\\0").replace("\r", "\\r")
    return str(value)
