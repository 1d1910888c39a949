"""Who may see what: one gate that every door asks, about the owner and about strangers.

The owner comes with a key (programs, as Bearer) or a session (browsers, as a cookie). A stranger sees what is public, or what
its link opens. A wrong key, a wrong link, a private site and one that does not exist look alike from outside: every door acts
on the one result. It knows keys, sessions and sites, no page and no answer.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from enum import Enum
from urllib.parse import parse_qs, urlsplit

from footfall.access import SESSION_SECONDS, Access
from footfall.http.allowance import Allowance
from footfall.http.answers import Scope, header
from footfall.intake import TrustedProxies, client_address
from footfall.intake.address import network_of
from footfall.model import Site

SESSION = "footfall_session"
LINK = "footfall_link_"  # and the site's id
ATTEMPTS_PER_SECOND = 0.5
ATTEMPTS_AT_ONCE = 20


class Standing(Enum):
    """What is known of somebody who asks."""

    OWNER = "owner"
    STRANGER = "stranger"  # may see the site in question, as strangers see it
    NOBODY = "nobody"
    LIMITED = "limited"  # nobody, with one more wrong key after too many from that address

    @property
    def sees(self) -> bool:
        """Whether the site in question may be shown: whole to the owner, to strangers what they may know."""
        return self in (Standing.OWNER, Standing.STRANGER)


class Gate:
    """`sites` is a live view; `public_url` is where readers reach us, "" if only we know.

    `now` gives milliseconds since 1970, `clock` seconds that never go back.
    """

    def __init__(
        self,
        owner_key: str,
        access: Access,
        sites: Mapping[str, Site],
        trusted: TrustedProxies,
        public_url: str,
        now: Callable[[], int],
        clock: Callable[[], float],
    ) -> None:
        self._key = owner_key.encode()
        self._access = access
        self._sites = sites
        self._trusted = trusted
        self._public_url = public_url
        public = urlsplit(public_url)
        self._tls_host = public.netloc if public.scheme == "https" else ""
        self._public_origin = f"{public.scheme}://{public.netloc}"
        self._now = now
        self._clock = clock
        self._attempts = Allowance(ATTEMPTS_PER_SECOND, ATTEMPTS_AT_ONCE)

    def standing(self, scope: Scope, site: str = "", key: str = "") -> Standing:
        """Who asks, about a site or (none named) about what is the owner's alone. Of a site that is not there nobody may see.

        By `key` (of an address that a person opened) or Bearer, else by session, else by what strangers may see.
        """
        bearer = header(scope["headers"], b"authorization")
        if bearer[:7].lower() == "bearer ":
            key = key or bearer[7:].strip()
        found = self.by_key(scope, key) if key else self._by_session(scope)
        if not site:
            return found
        if site not in self._sites:
            return Standing.LIMITED if found is Standing.LIMITED else Standing.NOBODY
        return Standing.STRANGER if found is not Standing.OWNER and self._is_open(site, scope) else found

    def by_key(self, scope: Scope, key: str) -> Standing:
        """Who comes with a key."""
        if hmac.compare_digest(key.encode(errors="surrogatepass"), self._key):  # JSON can hold half characters
            return Standing.OWNER  # whatever others at its address did: strangers behind one proxy cannot lock the owner out
        who, now = network_of(self.address(scope)), self._clock()
        if self._attempts.wait(who, now):
            return Standing.LIMITED
        self._attempts.take(who, now)
        return Standing.NOBODY

    def _by_session(self, scope: Scope) -> Standing:
        """A browser sends the session along whoever wrote the page, so it changes things from our own pages only."""
        session = cookies(scope).get(SESSION, "")
        if session and self._access.holds(session, self._now()) and (scope["method"] in ("GET", "HEAD") or self.is_own(scope)):
            return Standing.OWNER
        return Standing.NOBODY

    def _is_open(self, site: str, scope: Scope) -> bool:
        found = self._sites[site]
        if found.visibility != "link":
            return found.visibility == "public"
        secrets = (link_of(scope), cookies(scope).get(LINK + site, ""))
        return bool(found.link) and any(hmac.compare_digest(secret.encode(), found.link.encode()) for secret in secrets)

    def is_own(self, scope: Scope) -> bool:
        """Whether a page of ours sends this request: what changes something is done for nobody else's."""
        host, origin = header(scope["headers"], b"host"), header(scope["headers"], b"origin")
        if not host or header(scope["headers"], b"sec-fetch-site") not in ("", "same-origin"):
            return False
        return origin in (f"http://{host}", f"https://{host}", self._public_origin)  # TLS may end in front of us

    def address(self, scope: Scope) -> str:
        """Whose request it is: the peer's address, or what a trusted proxy says."""
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        return client_address(peer_of(scope), ",".join(lines) if lines else None, self._trusted)[0]

    def is_https(self, scope: Scope) -> bool:
        """Whether the reader's browser talks TLS: to us, to a trusted proxy, or at the public address that says so."""
        headers = scope["headers"]
        if scope.get("scheme") == "https" or (self._tls_host and header(headers, b"host") == self._tls_host):
            return True
        return peer_of(scope) in self._trusted and header(headers, b"x-forwarded-proto") == "https"

    def outside(self, scope: Scope) -> str:
        """Where readers reach us, without a slash at the end: as configured, else as this request did."""
        scheme = "https" if self.is_https(scope) else "http"
        return self._public_url or f"{scheme}://{header(scope['headers'], b'host')}{scope.get('root_path', '')}"

    def session_cookie(self, scope: Scope, session: str) -> tuple[bytes, bytes]:
        """The header that signs a browser in, or ("") out."""
        return self._set_cookie(scope, SESSION, session, f"; Max-Age={SESSION_SECONDS if session else 0}")

    def link_cookie(self, scope: Scope, site: str) -> tuple[bytes, bytes]:
        """The header that lets a browser see a site by the link it came with, until it is closed."""
        return self._set_cookie(scope, LINK + site, link_of(scope), "")

    def _set_cookie(self, scope: Scope, name: str, value: str, age: str) -> tuple[bytes, bytes]:
        secure = "; Secure" if self.is_https(scope) else ""
        path = scope.get("root_path", "") + "/"
        return b"set-cookie", f"{name}={value}{age}; Path={path}; HttpOnly; SameSite=Strict{secure}".encode()


def peer_of(scope: Scope) -> str:
    """The address at the other end of the connection; "" on a Unix socket."""
    client = scope.get("client")
    return client[0] if client else ""


def link_of(scope: Scope) -> str:
    """The secret of the address `?link=SECRET`; "" if there is none."""
    query = scope.get("query_string", b"")
    return parse_qs(query.decode("latin-1")).get("link", [""])[0] if b"link=" in query else ""


def cookies(scope: Scope) -> dict[str, str]:
    """The cookies of a request; of two with one name the first, which is the one of the closer path."""
    found: dict[str, str] = {}
    for name, line in scope["headers"]:
        if name == b"cookie":
            for pair in line.decode("latin-1").split(";"):
                key, _, value = pair.strip().partition("=")
                found.setdefault(key, value)
    return found
