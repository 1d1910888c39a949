"""The owner's door, from the command line: the server that owns the data folder if one runs, else the folder itself.

Both are spoken to in HTTP. Without a server the application answers in this process, so that every command takes one way.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from footfall.config import Config
from footfall.errors import FootfallError
from footfall.manifest import Manifest
from footfall.model import Adopt

TIMEOUT = httpx.Timeout(300.0, connect=5.0)  # a recount or an erase of a large site takes its time
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody; the server speaks plain HTTP, loading them takes 60 ms
NOBODY = "http://footfall.invalid"  # the address of an application that listens nowhere


class Refused(FootfallError):
    """The server answered that it will not; the message is its own. `retry_after`: later it may, in seconds; 0: it never will."""

    def __init__(self, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Owner:
    """Calls of the owner; each raises Refused with what the server said.

    `address` is the server's, "" when none runs; `http` signs every request with the key.
    """

    def __init__(self, http: httpx.AsyncClient, address: str, key: str) -> None:
        self.http = http
        self.address = address
        self.key = key

    async def sites(self) -> list[dict[str, Any]]:
        """All sites, by id."""
        found: list[dict[str, Any]] = (await self._call("GET", "/api/sites"))["sites"]
        return found

    async def site(self, id: str) -> dict[str, Any] | None:
        """One site, None if there is none."""
        return next((site for site in await self.sites() if site["id"] == id), None)

    async def put(self, id: str, **change: object) -> dict[str, Any]:
        """Add a site or change it; the site as it is then. None: not given."""
        given = {name: value for name, value in change.items() if value is not None}
        return await self._call("PUT", f"/api/sites/{id}", given)

    async def link(self, id: str) -> dict[str, Any]:
        """Renew the secret of a site's link; the site as it is then."""
        return await self._call("POST", f"/api/sites/{id}/link")

    async def keys(self) -> list[dict[str, Any]]:
        """All keys of programs, in the order in which they were made."""
        found: list[dict[str, Any]] = (await self._call("GET", "/api/keys"))["keys"]
        return found

    async def make_key(self, name: str, site: str, scope: str) -> dict[str, Any]:
        """A new key; its secret is `key`, told this once."""
        return await self._call("POST", "/api/keys", {"name": name, "site": site, "scope": scope})

    async def revoke_key(self, id: str) -> dict[str, Any]:
        """The key as it was."""
        return await self._call("DELETE", f"/api/keys/{quote(id, safe='')}")

    async def welcome(self) -> str:
        """A new token that sets the owner's password once."""
        token: str = (await self._call("POST", "/api/welcome"))["token"]
        return token

    async def publish(self, id: str, kind: str, slug: str, title: str) -> None:
        """Say that a site has a post or page of that title."""
        await self._call("PUT", f"/api/sites/{id}/content/{kind}/{quote(slug)}", {"title": title})

    async def remove(self, id: str) -> int:
        """Remove a site with its data; how many counted views went."""
        removed: int = (await self._call("DELETE", f"/api/sites/{id}"))["removed_views"]
        return removed

    async def verify(self) -> list[str]:
        """What differs between the live totals and a recount of the rows."""
        differences: list[str] = (await self._call("POST", "/api/verify"))["differences"]
        return differences

    async def import_lines(self, id: str, table: str, lines: bytes) -> dict[str, Any]:
        """Hand over documents of an export, one each line; what became of them (imports.py: Outcome)."""
        return _answer(await self.http.post(f"/api/sites/{id}/import/{table}", content=lines))

    async def imported(self, id: str) -> int:
        """How many views of a site came from exports."""
        views: int = (await self._call("GET", f"/api/sites/{id}/import"))["views"]
        return views

    async def back_up(self) -> Manifest:
        """Have a backup made in the data folder's `outgoing`; its manifest."""
        return msgspec.convert(await self._call("POST", "/api/backup", wait=None), Manifest)

    async def export(self, sites: Sequence[str], form: str) -> Manifest:
        """Have an export made there; no sites: all."""
        answer = await self._call("POST", "/api/export", {"sites": list(sites), "format": form}, wait=None)
        return msgspec.convert(answer, Manifest)

    async def adopt(self, chunk: Adopt) -> int:
        """Take back a chunk of an export; how many facts were taken."""
        response = await self.http.post(f"/api/sites/{chunk.site}/rows", content=msgspec.msgpack.encode(chunk))
        taken: int = _answer(response)["taken"]
        return taken

    async def erase(self, id: str, **what: object) -> dict[str, Any]:
        """Erase what matches all that is given, or with `dry_run` tell only what that is."""
        return await self._call("POST", f"/api/sites/{id}/erase", what)

    async def reclassify(self, id: str, **what: object) -> dict[str, Any]:
        """Judge what matches all that is given as a bot's or a person's, or with `dry_run` tell only what that is."""
        return await self._call("POST", f"/api/sites/{id}/reclassify", what)

    async def backfill(self, id: str, at: Sequence[int] | None, size: int) -> dict[str, Any]:
        """Walk a chunk of a site's views behind `at`."""
        return await self._call("POST", f"/api/sites/{id}/backfill", {"size": size, **({"at": at} if at else {})})

    async def _call(self, method: str, path: str, body: object = None, wait: httpx.Timeout | None = TIMEOUT) -> dict[str, Any]:
        return _answer(await self.http.request(method, path, json=body, timeout=wait))


def _answer(response: httpx.Response) -> dict[str, Any]:
    """What was said. Raises Refused."""
    try:
        answer: dict[str, Any] = response.json()
    except ValueError:
        request = f"{response.request.method} {response.request.url.path}"
        raise Refused(f"{request} was answered {response.status_code} by something that is not Footfall") from None
    if response.is_error:
        later = response.headers.get("retry-after", "0")
        raise Refused(answer.get("error", f"status {response.status_code}"), int(later) if later.isdecimal() else 0)
    return answer


@asynccontextmanager
async def owner(config: Config) -> AsyncIterator[Owner]:
    """The owner's door of a data folder. Raises StoreRefused if it can neither be reached nor opened."""
    address = await reachable(config.data_folder)
    if address is not None:
        async with connected(config.data_folder, address) as door:
            yield door
        return
    from footfall.house import open_house  # here: who asks a running server waits for no database to load
    from footfall.http.app import App

    house = await open_house(config)
    try:
        app, key = App(config, house), house.folder.owner_key
        transport = httpx.ASGITransport(app)
        async with app.running(), httpx.AsyncClient(transport=transport, base_url=NOBODY, headers=_signed(key)) as http:
            yield Owner(http, "", key)
    finally:
        await house.close()


@asynccontextmanager
async def connected(data_folder: Path, address: str) -> AsyncIterator[Owner]:
    """The owner's door of the server at `address`, with the key that lies in the data folder."""
    key = (data_folder / "owner.key").read_text("utf-8").strip()
    async with httpx.AsyncClient(
        base_url=address, headers=_signed(key), timeout=TIMEOUT, trust_env=False, verify=_NO_AUTHORITIES
    ) as http:
        yield Owner(http, address, key)


async def reachable(data_folder: Path) -> str | None:
    """The address of the server that owns the data folder; None if none answers to its key.

    A server that was killed leaves its `server.json` behind, and another may have taken its port since: so it is asked.
    """
    try:
        address: str = json.loads((data_folder / "server.json").read_bytes())["address"]
        async with connected(data_folder, address) as door:
            await door.sites()
    except (OSError, ValueError, KeyError, httpx.TransportError, Refused):
        return None
    return address


def _signed(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}
