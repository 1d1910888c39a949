"""How the owner comes in and goes: /welcome sets the password once, /sign-in asks for it, /password changes it, /sign-out ends.

It judges no password (access.py does) and knows no site. Small pages without scripts; every POST comes from one of them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.access import SHORTEST
from footfall.errors import InvalidInput
from footfall.house import House
from footfall.http import forms, plain
from footfall.http.allowance import Allowance
from footfall.http.auth import Gate, Standing
from footfall.http.page import said
from footfall.intake.address import network_of

EACH_SECOND, EACH_AT_ONCE = 1 / 30, 10  # wrong tries of one address
ALL_SECOND, ALL_AT_ONCE = 1.0, 100  # of everybody together: the owner's key still opens the door then
LONG = f"At least {SHORTEST} characters. Everything else is up to you."
PRESENT = {"type": "password", "autocomplete": "current-password", "required": ""}
# Nobody types a name, but password managers file what they keep under one.
ACCOUNT = '<input name="username" value="owner" autocomplete="username" readonly hidden>'
Limits = tuple[tuple[Allowance, str], ...]  # each with whose tries it counts
UNLIKE = "The two are not the same."
NEW_LINK = "<p><code>footfall password</code>, typed where the server runs, prints a new link.</p>"


class SignIn:
    """The endpoints. `clock` gives seconds that never go back."""

    def __init__(self, house: House, gate: Gate, clock: Callable[[], float]) -> None:
        self._house = house
        self._access = house.access
        self._gate = gate
        self._clock = clock
        self._each = Allowance(EACH_SECOND, EACH_AT_ONCE)
        self._all = Allowance(ALL_SECOND, ALL_AT_ONCE)
        self._signed = Allowance(EACH_SECOND, EACH_AT_ONCE)  # whoever is signed in: nothing that strangers try counts here
        self._turn = asyncio.Lock()  # one try is judged before the next is looked at, so that none slips under the limit

    def routes(self) -> list[Route]:
        """Which address leads to which."""
        return [
            Route("/sign-in", self.ask, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/welcome", self.welcome, methods=["GET"]),
            Route("/welcome", self.accept, methods=["POST"]),
            Route("/password", self.ask_change, methods=["GET"]),
            Route("/password", self.change, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """GET /sign-in."""
        if self._gate.standing(request.scope) is Standing.OWNER:
            return forms.done(request, "/")
        return forms.shown(200, _sign_in_page() if self._access.has_password else _no_password_page())

    async def sign_in(self, request: Request) -> Response:
        """POST /sign-in."""
        if not self._gate.is_own(request.scope):
            return said(403, request.scope)
        password, limits = (await forms.read(request)).get("password", ""), self._limits(request)
        async with self._turn:
            wait = self._wait(limits)
            if wait:
                return _later(wait, _sign_in_page(_too_many(wait)))
            if await self._is_password(limits, password):
                return self._signed_in(request)
        return forms.shown(403, _sign_in_page("That is not the password."))

    async def sign_out(self, request: Request) -> Response:
        """POST /sign-out."""
        if not self._gate.is_own(request.scope):
            return said(403, request.scope)
        return forms.done(request, "/sign-in", self._gate.session_cookie(request.scope, ""))

    async def welcome(self, request: Request) -> Response:
        """GET /welcome?token=TOKEN. Looking at it spends nothing: programs that preview links look too."""
        token = request.query_params.get("token", "")
        if not self._access.welcomes(token):
            return forms.shown(403, _spent_page())
        return forms.shown(200, _welcome_page(token))

    async def accept(self, request: Request) -> Response:
        """POST /welcome."""
        if not self._gate.is_own(request.scope):
            return said(403, request.scope)
        filled = await forms.read(request)
        token, password = filled.get("token", ""), filled.get("password", "")
        if not self._access.welcomes(token):
            return forms.shown(403, _spent_page())
        wrong = _unlike(filled)
        try:
            if not wrong and await self._access.accept(token, password):
                return self._signed_in(request, anew=True)
        except InvalidInput as error:
            wrong = _capital(error)
        return forms.shown(400, _welcome_page(token, wrong)) if wrong else forms.shown(403, _spent_page())

    async def ask_change(self, request: Request) -> Response:
        """GET /password."""
        if self._gate.standing(request.scope) is not Standing.OWNER:
            return said(404, request.scope)
        return forms.shown(200, _password_page() if self._access.has_password else _no_password_page())

    async def change(self, request: Request) -> Response:
        """POST /password: with the present one, because whoever sits at an open screen should not be able to."""
        if self._gate.standing(request.scope) is not Standing.OWNER or not self._gate.is_own(request.scope):
            return said(404, request.scope)
        filled, limits = await forms.read(request), self._limits(request)
        async with self._turn:
            wait = self._wait(limits)
            if wait:
                return _later(wait, _password_page(now=_too_many(wait)))
            if not await self._is_password(limits, filled.get("now", "")):
                return forms.shown(403, _password_page(now="That is not the present password."))
        wrong = _unlike(filled)
        try:
            if not wrong:
                await self._access.change(filled.get("password", ""))
                return self._signed_in(request, anew=True)
        except InvalidInput as error:
            wrong = _capital(error)
        return forms.shown(400, _password_page(wrong=wrong))

    def _signed_in(self, request: Request, *, anew: bool = False) -> Response:
        """To the list of sites, with a session. After a new password all others are over, and so are their streams."""
        if anew:
            for site in self._house.sites:
                self._house.hub.forget(site)
        session = self._access.session(self._house.engine.now())
        return forms.done(request, "/", self._gate.session_cookie(request.scope, session))

    def _limits(self, request: Request) -> Limits:
        """Which tries the ones of this browser count among."""
        if self._gate.standing(request.scope) is Standing.OWNER:
            return ((self._signed, ""),)
        return (self._each, network_of(self._gate.address(request.scope))), (self._all, "")

    def _wait(self, limits: Limits) -> float:
        now = self._clock()
        return max(allowance.wait(who, now) for allowance, who in limits)

    async def _is_password(self, limits: Limits, password: str) -> bool:
        """Judge a try. It counts before it is judged, because its sender may leave meanwhile; a right one is taken back."""
        self._count(limits, 1)
        right = await self._access.is_password(password)
        if right:
            self._count(limits, -1)
        return right

    def _count(self, limits: Limits, tries: int) -> None:
        now = self._clock()
        for allowance, who in limits:
            allowance.take(who, now, tries)


def _unlike(filled: forms.Values) -> str:
    return "" if filled.get("password") == filled.get("again") else UNLIKE


def _capital(error: InvalidInput) -> str:
    return error.expected[0].upper() + error.expected[1:] + "."


def _too_many(wait: float) -> str:
    return f"Too many tries. Wait {math.ceil(wait)} seconds, then try again."


def _later(wait: float, page: bytes) -> Response:
    response = forms.shown(429, page)
    response.headers["retry-after"] = str(math.ceil(wait))
    return response


def _new_password(wrong: str, label: str) -> str:
    new = {"type": "password", "autocomplete": "new-password", "required": ""}
    of_first, of_second = ("", wrong) if wrong == UNLIKE else (wrong, "")
    first = forms.field("password", label, {**new, "minlength": str(SHORTEST)}, hint=LONG, wrong=of_first)
    return first + forms.field("again", "The same once more", new, wrong=of_second)


def _sign_in_page(wrong: str = "") -> bytes:
    password = forms.field("password", "Password", {**PRESENT, "autofocus": ""}, wrong=wrong)
    return plain.page("Sign in", "<p>For the owner of this server.</p>" + forms.form("sign-in", ACCOUNT + password, "Sign in"))


def _welcome_page(token: str, wrong: str = "") -> bytes:
    hidden = f'{ACCOUNT}<input type="hidden" name="token" value="{escape(token)}">'
    return plain.page(
        "Welcome to Footfall",
        "<p>Choose a password to sign in with.</p>"
        + forms.form("welcome", hidden + _new_password(wrong, "Password"), "Set the password"),
    )


def _password_page(now: str = "", wrong: str = "") -> bytes:
    present = forms.field("now", "Present password", PRESENT, wrong=now)
    return plain.page(
        "Change the password",
        "<p>Every browser that is signed in will have to sign in again, but for this one.</p>"
        + forms.form("password", ACCOUNT + present + _new_password(wrong, "New password"), "Change it")
        + '<p><a href="./">Back</a></p>',
    )


def _no_password_page() -> bytes:
    return plain.page("No password yet", "<p>Open the link that <code>footfall serve</code> printed; it sets one.</p>" + NEW_LINK)


def _spent_page() -> bytes:
    return plain.page(
        "This link is spent",
        "<p>It sets the password once, and only the newest one does.</p>" + NEW_LINK + '<p><a href="sign-in">Sign in</a></p>',
    )
