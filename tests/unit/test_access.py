"""The owner's password, sessions and the link that sets it, over a real registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from footfall.access import SESSION_SECONDS, Access, open_access
from footfall.errors import InvalidInput
from footfall.journal.sqlite import open_journal
from footfall.registry.sqlite import SqliteRegistry, open_registry

NOW = 1_764_100_000_000
SECRET = bytes(range(32))
PASSWORD = "ten or more"


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[SqliteRegistry]:
    """One in a file of its own."""
    journal = await open_journal(tmp_path / "journal.sqlite", "store")
    found = await open_registry(tmp_path / "journal.sqlite")
    yield found
    await found.close()
    await journal.close()


async def opened(registry: SqliteRegistry, key: str = "key") -> Access:
    """As a start finds it."""
    return await open_access(registry, SECRET, key)


async def test_a_password_is_set_by_a_link_and_outlives_a_restart(registry: SqliteRegistry) -> None:
    """The token is good once, and what was kept is neither the token nor the password."""
    access = await opened(registry)
    assert not access.has_password
    assert not await access.is_password("")
    token = await access.welcome()
    again = await opened(registry)
    assert again.welcomes(token)
    assert not again.welcomes("")
    assert not await again.accept(token + "x", PASSWORD)
    assert await again.accept(token, PASSWORD)
    assert not await again.accept(token, "another one")
    access = await opened(registry)
    assert access.has_password
    assert await access.is_password(PASSWORD)
    assert not await access.is_password(PASSWORD + " ")
    kept = await registry.get("access", "owner")
    assert kept is not None
    assert b"$argon2id$" in kept
    assert token.encode() not in kept
    assert PASSWORD.encode() not in kept


async def test_two_processes_do_not_take_each_others_changes_back(registry: SqliteRegistry) -> None:
    """Nodes of a cluster, of which neither knows yet what the other did: a link is good once, a new password stays."""
    a, b = await opened(registry), await opened(registry)
    token = await a.welcome()
    await b.refresh()
    assert sorted(await asyncio.gather(a.accept(token, PASSWORD), b.accept(token, PASSWORD + " too"))) == [False, True]
    await a.change("the newest one")
    await b.welcome()
    await a.refresh()
    assert await a.is_password("the newest one")


async def test_only_the_newest_link_is_good(registry: SqliteRegistry) -> None:
    """A second one takes the first one's place; a link that is not used changes no password."""
    access = await opened(registry)
    first, second = await access.welcome(), await access.welcome()
    assert (access.welcomes(first), access.welcomes(second)) == (False, True)
    await access.change(PASSWORD)
    await access.welcome()
    assert await access.is_password(PASSWORD)


@pytest.mark.parametrize("short", ["", "nine char", "é" * 9])
async def test_short_passwords_are_refused_and_spend_nothing(registry: SqliteRegistry, short: str) -> None:
    """Nine characters, however they are written; the link stays good."""
    access = await opened(registry)
    token = await access.welcome()
    with pytest.raises(InvalidInput, match="at least 10 characters"):
        await access.accept(token, short)
    assert access.welcomes(token)
    assert not access.has_password


async def test_a_letter_is_the_same_however_it_was_typed(registry: SqliteRegistry) -> None:
    """One keyboard sends ü as one character, another as u with two dots."""
    access = await opened(registry)
    await access.change("grün bleibt grün")
    assert await access.is_password("gru\u0308n bleibt gru\u0308n")


async def test_a_session_ends_by_time_by_a_new_password_and_by_a_new_key(registry: SqliteRegistry) -> None:
    """It outlives a restart and nothing else."""
    access = await opened(registry)
    session = access.session(NOW)
    assert (await opened(registry)).holds(session, NOW + SESSION_SECONDS * 1000 - 1000)
    assert not access.holds(session, NOW + SESSION_SECONDS * 1000)
    assert not (await opened(registry, "another key")).holds(session, NOW)
    await access.change(PASSWORD)
    assert not access.holds(session, NOW)
    assert access.holds(access.session(NOW), NOW)


async def test_a_session_that_was_changed_is_none(registry: SqliteRegistry) -> None:
    """Whichever letter of it, and whatever else is sent instead."""
    access = await opened(registry)
    session = access.session(NOW)
    for place, letter in enumerate(session):
        changed = session[:place] + ("0" if letter != "0" else "1") + session[place + 1 :]
        assert not access.holds(changed, NOW)
    for other in ("", ".", "..", "é.é.é", "x" * 10_000, session + "0", session.rpartition(".")[0]):
        assert not access.holds(other, NOW)
