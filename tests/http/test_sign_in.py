"""The owner's way in and out: the first link, the password, sessions, limits, and what is refused from other origins."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from footfall.http import signin

from .conftest import IN_ITS_LOOP, Running, Serving

PASSWORD = "tomatoes and beans"
ELSEWHERE = "https://evil.example"


def own(running: Running) -> dict[str, str]:
    """What a browser adds to a form of ours."""
    return {"origin": f"http://127.0.0.1:{running.port}", "sec-fetch-site": "same-origin"}


async def post(running: Running, path: str, headers: Mapping[str, str] | None = None, **fields: str) -> Any:
    """A form that was filled in."""
    return await running.client.post(path, data=fields, headers=own(running) if headers is None else dict(headers))


async def try_in(running: Running, password: str, **headers: str) -> Any:
    """One try to sign in, as a browser without cookies."""
    running.client.cookies.clear()
    return await post(running, "/sign-in", {**own(running), **headers}, password=password)


async def test_the_first_link_sets_the_password_and_signs_in(running: Running) -> None:
    """Looking at it spends nothing, using it does; the session opens what is the owner's."""
    token = await running.house.access.welcome()
    for _ in range(2):
        assert (await running.client.get(f"/welcome?token={token}")).status_code == 200
    answer = await post(running, "/welcome", token=token, password=PASSWORD, again=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    told = set(answer.headers["set-cookie"].partition("; ")[2].split("; "))
    assert told == {"Max-Age=2592000", "Path=/", "HttpOnly", "SameSite=Strict"}
    assert (await running.client.get("/api/live/shut-site")).status_code == 200
    assert (await running.client.get("/metrics")).status_code == 200
    assert (await running.client.get(f"/welcome?token={token}")).status_code == 403
    again = await post(running, "/welcome", token=token, password="something else", again="something else")
    assert (again.status_code, "set-cookie" in again.headers) == (403, False)
    assert (await try_in(running, PASSWORD)).status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "too short", "again": "too short"}, "At least 10 characters."),
        ({"password": PASSWORD, "again": PASSWORD + "!"}, "The two are not the same."),
        ({"password": PASSWORD}, "The two are not the same."),
        ({}, "At least 10 characters."),
    ],
)
async def test_a_password_that_does_not_fit_is_asked_for_again(serving: Serving, fields: dict[str, str], said: str) -> None:
    """The page says what is wrong beside the field, and the link stays good."""
    async with serving() as running:
        token = await running.house.access.welcome()
        answer = await post(running, "/welcome", None, token=token, **fields)
        assert answer.status_code == 400
        assert f">{said}</p>" in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert not running.house.access.has_password
        assert (await post(running, "/welcome", token=token, password=PASSWORD, again=PASSWORD)).status_code == 303


async def test_without_a_password_nobody_signs_in(serving: Serving) -> None:
    """There is no default one: not an empty one either."""
    async with serving() as running:
        assert "<form" not in (await running.client.get("/sign-in")).text
        for password in ("", "footfall", "admin"):
            assert (await try_in(running, password)).status_code == 403


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries of one address, six of all, and none given back while a test runs."""
    for name, value in (("EACH", 3), ("ALL", 6)):
        monkeypatch.setattr(signin, f"{name}_AT_ONCE", value - 1)  # the last one is a debt
        monkeypatch.setattr(signin, f"{name}_SECOND", 1e-6)


@pytest.mark.usefixtures("few")
async def test_wrong_passwords_are_counted_by_address(serving: Serving) -> None:
    """Past the limit the right one does not help either, for that address; others still come in, and so does the key."""
    async with serving(trusted_proxies=("127.0.0.1",)) as running:
        await running.house.access.change(PASSWORD)
        for _ in range(3):
            answer = await try_in(running, "wrong password")
            assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
        for password in ("wrong password", PASSWORD):
            limited = await try_in(running, password)
            assert (limited.status_code, "set-cookie" in limited.headers) == (429, False)
            assert int(limited.headers["retry-after"]) > 0
            assert "Too many tries" in limited.text
        assert (await try_in(running, PASSWORD, **{"x-forwarded-for": "192.0.2.7"})).status_code == 303
        running.client.cookies.clear()
        assert (await running.client.get(f"/?key={running.house.folder.owner_key}")).status_code == 303


@pytest.mark.usefixtures("few")
async def test_who_is_signed_in_does_not_wait_for_the_tries_of_strangers(serving: Serving) -> None:
    """Strangers at the owner's own address use everything up: a session still changes the password, within a limit of its own."""
    async with serving() as running:
        await running.house.access.change(PASSWORD)
        session = {"cookie": (await try_in(running, PASSWORD)).headers["set-cookie"].partition(";")[0]}
        assert [(await try_in(running, f"wrong password {n}")).status_code for n in range(4)] == [403] * 3 + [429]
        new = {"password": "another one", "again": "another one"}
        for status in (403, 403, 403, 429):
            answer = await post(running, "/password", {**own(running), **session}, now="not this one", **new)
            assert answer.status_code == status


@pytest.mark.usefixtures("few")
async def test_tries_at_the_same_time_do_not_slip_under_the_limit(serving: Serving) -> None:
    """However many come at once, no more are judged than are allowed."""
    async with serving() as running:
        await running.house.access.change(PASSWORD)
        tries = [try_in(running, f"wrong password {n}") for n in range(9)]
        statuses = sorted([answer.status_code for answer in await asyncio.gather(*tries)])
        assert statuses == [403] * 3 + [429] * 6


@pytest.mark.usefixtures("few")
async def test_wrong_passwords_are_counted_in_all(serving: Serving) -> None:
    """Many addresses that try a little each are one that tries a lot."""
    async with serving(trusted_proxies=("127.0.0.1",)) as running:
        await running.house.access.change(PASSWORD)
        tries = [await try_in(running, "wrong password", **{"x-forwarded-for": f"192.0.2.{n}"}) for n in range(8)]
        assert [answer.status_code for answer in tries] == [403] * 6 + [429] * 2


async def test_signing_out_takes_the_cookie(serving: Serving) -> None:
    """From then on the browser is a stranger."""
    async with serving() as running:
        await running.house.access.change(PASSWORD)
        await try_in(running, PASSWORD)
        assert "Settings" in (await running.client.get("/")).text
        answer = await post(running, "/sign-out")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert "Settings" not in (await running.client.get("/")).text


async def test_a_new_password_ends_every_other_session(serving: Serving) -> None:
    """Also streams that were open; the browser that set it goes on. The present password is asked for."""
    async with serving() as running:
        await running.house.access.change(PASSWORD)
        session = (await try_in(running, PASSWORD)).headers["set-cookie"].partition(";")[0]
        wrong = await post(running, "/password", now="not this one", password="another one", again="another one")
        assert (wrong.status_code, "That is not the present password." in wrong.text) == (403, True)
        async with running.client.stream("GET", "/api/live/shut-site/stream", headers={"cookie": session}) as watched:
            lines = watched.aiter_lines()
            async with asyncio.timeout(20):
                assert any([line.startswith("event: snapshot") async for line in _first(lines)])
                changed = await post(running, "/password", now=PASSWORD, password="another one", again="another one")
                assert changed.status_code == 303
                assert not [line async for line in lines if line.startswith("event")]
        assert (await running.client.get("/api/live/shut-site")).status_code == 200
        running.client.cookies.clear()
        assert (await running.client.get("/api/live/shut-site", headers={"cookie": session})).status_code == 404
        assert (await try_in(running, PASSWORD)).status_code == 403
        assert (await try_in(running, "another one")).status_code == 303


async def _first(lines: Any) -> Any:
    async for line in lines:
        yield line
        if line.startswith("event"):
            return


FORMS = ("/sign-in", "/sign-out", "/welcome", "/password", "/sites", "/sites/open-site", "/sites/open-site/link")
FOREIGN: tuple[dict[str, str], ...] = (
    {},
    {"origin": ELSEWHERE},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"origin": "http://127.0.0.1:1@{host}"},
    {"origin": "javascript://{host}"},
    {"origin": "http://[{host}"},
    {"origin": "http://{host}", "sec-fetch-site": "cross-site"},
    {"origin": "http://{host}", "sec-fetch-site": "same-site"},
    {"origin": "http://{host}", "sec-fetch-site": "none"},
)


@IN_ITS_LOOP
@pytest.mark.parametrize("path", FORMS)
async def test_no_form_is_taken_from_another_origin(shared: Running, path: str) -> None:
    """With a session that is good: nothing is done, whatever the page elsewhere makes the browser say."""
    await shared.house.access.change(PASSWORD)
    token = await shared.house.access.welcome()
    fields = {
        "password": PASSWORD,
        "now": PASSWORD,
        "again": PASSWORD,
        "token": token,
        "id": "new-site",
        "visibility": "private",
    }
    session = (await try_in(shared, PASSWORD)).headers["set-cookie"].partition(";")[0]
    shared.client.cookies.clear()
    sites = dict(shared.house.sites)
    for headers in FOREIGN:
        said = {name: value.format(host=f"127.0.0.1:{shared.port}") for name, value in headers.items()}
        answer = await post(shared, path, {"cookie": session, **said}, **fields)
        assert (answer.status_code, "set-cookie" in answer.headers) in ((403, False), (404, False)), headers
    assert shared.house.sites == sites
    assert shared.house.access.welcomes(token)
    assert (await shared.client.get("/api/live/shut-site", headers={"cookie": session})).status_code == 200


@pytest.mark.parametrize("origin", ["http://{host}", "https://{host}", "https://stats.example"])
async def test_forms_are_taken_from_our_own_address(serving: Serving, origin: str) -> None:
    """The one that was asked, whatever ends TLS in front of it, and the public one behind a proxy that changes Host."""
    async with serving(public_url="https://stats.example/below") as running:
        await running.house.access.change(PASSWORD)
        told = {"origin": origin.format(host=f"127.0.0.1:{running.port}")}
        assert (await post(running, "/sign-in", told, password=PASSWORD)).status_code == 303


async def test_the_doors_for_programs_ask_for_the_origin_when_a_session_comes(serving: Serving) -> None:
    """A page elsewhere cannot use the owner's session there; a program with the key needs no origin."""
    async with serving() as running:
        await running.house.access.change(PASSWORD)
        await try_in(running, PASSWORD)
        change = {"visibility": "private"}
        for headers in ({}, {"origin": ELSEWHERE}):
            answer = await running.client.put("/api/sites/open-site", json=change, headers=headers)
            assert (answer.status_code, running.house.sites["open-site"].visibility) == (401, "public")
        assert (await running.client.put("/api/sites/open-site", json=change, headers=own(running))).status_code == 200
        running.client.cookies.clear()
        assert (await running.client.put("/api/sites/open-site", json=change, headers=running.owner)).status_code == 200


@IN_ITS_LOOP
@pytest.mark.parametrize("body", [b"\xff\xfe", b"&" * 70_000, b"&".join(b"a%d=1" % n for n in range(200))])
async def test_what_is_no_form_is_refused(each_shared: Running, body: bytes) -> None:
    """400 in words, no fault."""
    await each_shared.house.access.change(PASSWORD)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = await each_shared.client.post("/sign-in", content=body, headers={**own(each_shared), **kind})
    assert answer.status_code == 400
    assert "nothing was done" in answer.text


async def test_pages_with_forms_let_browsers_say_where_they_come_from(serving: Serving) -> None:
    """With no-referrer a browser would send Origin: null with the form, and every try would be refused."""
    async with serving() as running:
        await running.house.access.change(PASSWORD)
        await try_in(running, PASSWORD)
        token = await running.house.access.welcome()
        for path in ("/", "/sites/open-site", "/password", f"/welcome?token={token}"):
            answer = await running.client.get(path)
            assert (answer.status_code, answer.headers["referrer-policy"]) == (200, "same-origin")
            assert "form-action 'self'" in answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
