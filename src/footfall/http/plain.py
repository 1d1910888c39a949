"""The pages that need nothing but text: errors, what this server is, the owner's list of sites. Markup only, no decision.

They carry their few lines of style themselves, allowed by its hash, so that they look right even when no file can be served.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape

from footfall.model import Site

STYLE = """
:root{color-scheme:light dark;--ink:#1c1f23;--soft:#5b6570;--paper:#fbfaf8;--line:#e3e0da;--accent:#0b6b5d}
@media(prefers-color-scheme:dark){:root{--ink:#e9e7e2;--soft:#a0a8b0;--paper:#15181b;--line:#2c3136;--accent:#5fd0bd}}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.6 system-ui,sans-serif}
main{max-width:36rem;margin:0 auto;padding:18vh 1.5rem 4rem}
h1{font-size:1.5rem;line-height:1.3;margin:0 0 .5rem}
p{margin:.5rem 0;color:var(--soft)}
ul{list-style:none;margin:1.5rem 0;padding:0;border-top:1px solid var(--line)}
li{display:flex;gap:1rem;justify-content:space-between;padding:.75rem 0;border-bottom:1px solid var(--line)}
a{color:var(--accent)}
code{font-size:.9em;overflow-wrap:anywhere}
.warning{border-left:3px solid #c9822b;padding-left:.75rem;color:var(--ink)}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(title: str, body: str) -> bytes:
    """A whole page; `body` is markup."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<meta name="robots" content="noindex"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><main><h1>{escape(title)}</h1>{body}</main></html>"
    ).encode()


def note(title: str, sentence: str) -> bytes:
    """A page with one sentence."""
    return page(title, f"<p>{escape(sentence)}</p>")


def sites_page(sites: Iterable[Site], root: str, warnings: Iterable[str]) -> bytes:
    """The owner's list. `root` is the prefix the application is mounted under."""
    items = "".join(
        f'<li><a href="{escape(root)}/s/{escape(site.id)}">{escape(site.name or site.id)}</a>'
        f"<span>{'public' if site.public else 'private'}</span></li>"
        for site in sites
    )
    empty = "<p>There are no sites yet. <code>footfall site add my-site</code> makes one.</p>"
    return page("Sites", warnings_markup(warnings) + (f"<ul>{items}</ul>" if items else empty))


def warnings_markup(warnings: Iterable[str]) -> str:
    """What the owner has to know, as markup; "" if there is nothing."""
    return "".join(f'<p class="warning" role="alert">{escape(sentence)}</p>' for sentence in warnings)


def moved(url: str) -> bytes:
    """A page that leads on by itself."""
    return page("One moment", f'<p><a href="{escape(url)}">Go on</a></p>')
