"""The look of every page that the server writes itself: one frame, one style, and the small pieces they are made of.

Markup only, no decision. The style stands in the page, allowed by its hash, so that an error page looks right even when no
file can be served; its colours and measures are those of the live page (web/live/style.css).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from importlib.resources import files

STYLE = (files("footfall.http") / "plain.css").read_text("utf-8")
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' "
    "fill='%231f1d1a'/%3E%3Ccircle cx='16' cy='16' r='9.5' fill='none' stroke='%23ff8a4c' stroke-opacity='.4' "
    "stroke-width='2'/%3E%3Ccircle cx='16' cy='16' r='5' fill='%23ff8a4c'/%3E%3C/svg%3E"
)


def policy(style: str, frames: str = "'none'", script: str = "") -> str:
    """The policy of a page that carries `style` and runs nothing but `script`, which may ask this server alone; `frames` are who
    may show it in a frame."""
    runs = f"script-src {_digest(script)}; connect-src 'self'; " if script else ""
    return (
        f"default-src 'none'; {runs}style-src {_digest(style)}; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {frames}; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = policy(STYLE)


def document(title: str, body: str, style: str = STYLE, lang: str = "en", head: str = "") -> bytes:
    """A whole document; `body` is markup, and so is what is added to the `head`."""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta name="robots" content="noindex"><title>{escape(title)}</title>'
        f'<link rel="icon" href="{ICON}"><style>{style}</style>{head}</head><body>{body}</body></html>'
    ).encode()


def page(title: str, body: str) -> bytes:
    """A page with one thing on it: a panel in the middle; `body` is markup."""
    return document(
        title, f'<main class="one panel"><img src="{ICON}" alt="" width="36" height="36"><h1>{escape(title)}</h1>{body}</main>'
    )


def note(title: str, sentence: str) -> bytes:
    """A page with one sentence."""
    return page(title, f"<p>{escape(sentence)}</p>")


def moved(url: str) -> bytes:
    """A page that leads on by itself."""
    return page("One moment", f'<p><a href="{escape(url)}">Go on</a></p>')


def warnings_markup(warnings: Iterable[str]) -> str:
    """What the owner has to know, as markup; "" if there is nothing."""
    return "".join(f'<p class="warning" role="alert">{escape(sentence)}</p>' for sentence in warnings)


def number(value: int) -> str:
    """1,234"""
    return f"{value:,}"


def code(text: str) -> str:
    """A line to be copied: selected whole by one click."""
    return f"<pre><code>{escape(text)}</code></pre>"


def script_line(outside: str, site: str) -> str:
    """What goes into every page of a site."""
    return f'<script defer src="{outside}/f.js" data-site="{site}"></script>'
