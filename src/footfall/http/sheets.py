"""The owner's two pages as markup: the list of sites, and one site with its settings and the lines to copy. No decision.

Addresses are relative to the page, so that they hold below any prefix.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from footfall.convex.setting import EXACT, OFF, ROUNDED, WARNING
from footfall.errors import InvalidInput
from footfall.http import forms, plain
from footfall.http.page import Numbers
from footfall.http.settings import VISIBILITIES
from footfall.model import Site

NAME = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}  # what is typed is no prose
NUMBER = {"autocomplete": "off", "class": "short"}
WHO = {"private": "Only you, signed in", "public": "Anyone", "link": "Whoever has its link"}
CONVEX = (
    (OFF, "May not come"),
    (ROUNDED, "May come, and are told places as rounded as above"),
    (EXACT, "May come, and are told places exactly as they were sent"),
)
OPT_OUTS = (
    ("off", "Are counted like everybody"),
    ("gpc", "Are left out if they send Sec-GPC"),
    ("dnt", "Are left out if they send DNT"),
    ("dnt-gpc", "Are left out if they send Sec-GPC or DNT"),
)
LISTS = ("hosts", "patterns", "frames", "bots", "not_bots")  # fields of one item a line
FIELDS = {  # of a site: label, hint, attributes
    "name": ("Name", "What its page calls it; empty: its id.", {"maxlength": "200", "autocomplete": "off"}),
    "hosts": ("Host names", "Whose pages are counted, one a line, *. in front for all below it; empty: any.", NAME),
    "grid": ("Places are rounded to", "Degrees: 1 is some 100 km.", {**NUMBER, "inputmode": "decimal"}),
    "k": (
        "Visitors before strangers see it",
        "A page or place that fewer saw is not named; 0: however many.",
        {**NUMBER, "inputmode": "numeric"},
    ),
    "patterns": ("Pages that are named at once", "Paths that strangers may see in any case, one a line: /blog/*", NAME),
    "retention": (
        "Days that are kept",
        "What is older is erased for good; 0: everything is kept.",
        {**NUMBER, "inputmode": "numeric"},
    ),
    "bots": ("Also taken for bots", "Parts of user agents, one a line. Of what came before: footfall reclassify.", NAME),
    "not_bots": ("Never taken for bots", "Likewise: what the lists take for a bot and is none.", NAME),
    "frames": ("Pages that may frame its card", "Origins, one a line: https://blog.example; empty: any if it is public.", NAME),
}
FIRST = '<p class="soft">Waiting for its first view. Put this line into every page:</p>'
GUIDE = "You get one line for its pages. From then on they are counted, and you see their readers come and go."
LINK = "Whoever has it sees what strangers see of a public site. A new one makes this one useless."
SHARED = "The address holds the link: who looks at your page's source can open the live page too."
LEAVE = (
    '<p class="soft">Open your site once with <code>#footfall_ignore=true</code> at the end of its address. This browser is '
    "then not counted there, until you open it with <code>#footfall_ignore=false</code>.</p>"
)


def list_page(rows: Sequence[str], warnings: Iterable[str], filled: forms.Values, error: InvalidInput | None) -> bytes:
    """The list. `rows` are of `row`; `filled` is what the form for a new site holds, `error` what is wrong with it."""
    leave = forms.form("sign-out", "", "Sign out", style="quiet", kind="inline")
    title, guide = ("Add a site", "") if rows else ("Add your first site", f'<p class="soft">{GUIDE}</p>')
    sites = f'<ul class="sites">{"".join(rows)}</ul>' if rows else ""
    add = f'<section class="panel stack"><div><h2>{title}</h2>{guide}</div>{_add_form(filled, _wrong(error))}</section>'
    top = _top("Footfall", f'<a href="password">Password</a>{leave}')
    return plain.document("Sites · Footfall", f'{top}<main class="sheet">{plain.warnings_markup(warnings)}{sites}{add}</main>')


def row(site: Site, numbers: Numbers, outside: str) -> str:
    """One site of the list; the line for its pages while nothing came from them."""
    name = escape(site.name or site.id)
    hosts = escape(", ".join(site.hosts) or "any host")
    here = ' class="some"' if numbers.people else ' class="none"'
    figures = (("here now", numbers.people, here), ("views", numbers.views, ""), ("visitors", numbers.visitors, ""))
    terms = "".join(f"<div><dt>{label}</dt><dd{kind}>{plain.number(value)}</dd></div>" for label, value, kind in figures)
    script = f'<div class="first">{FIRST}{plain.code(plain.script_line(outside, site.id))}</div>' if not numbers.views else ""
    return (
        f'<li class="panel site"><div><h2><a href="s/{site.id}">{name}</a>'
        f'<span class="tag {site.visibility}">{site.visibility}</span></h2><p class="soft">{hosts}</p></div>'
        f'<dl>{terms}</dl><a class="soft" href="sites/{site.id}">Settings<span class="unseen"> of {name}</span></a>{script}</li>'
    )


def settings_page(site: Site, outside: str, saved: bool, filled: forms.Values, error: InvalidInput | None) -> bytes:
    """One site. `filled` is what its form holds, `error` why that was not saved."""
    title = site.name or site.id
    told = '<p class="said" role="status">Saved.</p>' if saved else ""
    if error is not None:
        told = '<p class="warning" role="alert">Nothing was saved. The field that is marked says why.</p>'
    parts = [
        f'<section class="panel stack"><h2>Settings</h2>{_settings_form(site, filled, _wrong(error))}</section>',
        _link_part(site, outside) if site.visibility == "link" else "",
        f'<section class="panel stack"><h2>On your pages</h2>{_lines(site, outside)}</section>',
        f'<section class="panel stack"><h2>Leave yourself out</h2>{_leave_out(site)}</section>',
    ]
    ledger = f'<a href="{site.id}/ledger">What became of it</a>'
    top = _top(title, f'<a href="../s/{site.id}">Live page</a>{ledger}<a href="../">All sites</a>', " narrow")
    return plain.document(f"{title} · Footfall", f'{top}<main class="sheet narrow">{told}{"".join(parts)}</main>')


def _top(title: str, navigation: str, kind: str = "") -> str:
    return f'<header class="top{kind}"><h1>{escape(title)}</h1><nav>{navigation}</nav></header>'


def _wrong(error: InvalidInput | None) -> dict[str, str]:
    return {} if error is None else {error.field: f"Expected {error.expected}."}


def _add_form(filled: forms.Values, wrong: dict[str, str]) -> str:
    hints = {
        "id": ("Id", "For addresses: 2 to 32 of a-z, 0-9 and -", {**NAME, "required": "", "maxlength": "32"}),
        "hosts": ("Host names", "Whose pages are counted, like blog.example; empty: any", NAME),
    }
    fields = "".join(
        forms.field(name, label, more, hint=hint, wrong=wrong.get(name, ""), value=filled.get(name, ""))
        for name, (label, hint, more) in hints.items()
    )
    return forms.form("sites", f'<div class="pair">{fields}</div>', "Add the site")


def _settings_form(site: Site, filled: forms.Values, wrong: dict[str, str]) -> str:
    def field(name: str, label: str, hint: str, more: forms.Values) -> str:
        lines = 3 if name in LISTS else 0
        return forms.field(name, label, more, hint=hint, wrong=wrong.get(name, ""), value=filled.get(name, ""), lines=lines)

    fields = {name: field(name, *about) for name, about in FIELDS.items()}
    who = forms.choice("visibility", "Who may see it", [(key, WHO[key]) for key in VISIBILITIES], filled.get("visibility", ""))
    pair = f'<div class="pair">{fields.pop("grid")}{fields.pop("k")}</div>'
    names = fields.pop("name") + fields.pop("hosts")
    convex = forms.choice("convex", "The original module's own clients", CONVEX, filled.get("convex", ""), hint=WARNING)
    asking = forms.choice("opt_outs", "Browsers that ask for privacy", OPT_OUTS, filled.get("opt_outs", ""))
    return forms.form(site.id, who + names + pair + "".join(fields.values()) + asking + convex, "Save")


def _link_part(site: Site, outside: str) -> str:
    renew = forms.form(f"{site.id}/link", "", "Make a new one", style="quiet")
    address = plain.code(f"{outside}/s/{site.id}?link={site.link}")
    return f'<section class="panel stack"><div><h2>Its link</h2><p class="soft">{LINK}</p></div>{address}{renew}</section>'


def _lines(site: Site, outside: str) -> str:
    """The lines to copy: the script always, others for whom else the site is open."""
    secret = f"?link={site.link}" if site.visibility == "link" else ""
    frame = 'title="People here now" width="260" height="80" style="border:0"'
    card = f'<iframe src="{outside}/embed/{site.id}{secret}" {frame}></iframe>'
    badge = f'<img src="{outside}/badge/{site.id}.svg{secret}" alt="People here now" height="20">'
    looks = f'<img src="../badge/{site.id}.svg" alt="The badge as it looks now">'
    parts = [("The script that counts", plain.code(plain.script_line(outside, site.id)))]
    if site.visibility != "private":
        hint = f'<p class="hint">{SHARED}</p>' if secret else ""
        parts += [("A card", plain.code(card)), ("A badge", plain.code(badge) + looks + hint)]
    if site.convex != OFF:
        parts.append(("The address for the original's clients", plain.code(f"{outside}/convex/{site.id}")))
    return "".join(f'<div class="line"><h3>{label}</h3>{markup}</div>' for label, markup in parts)


def _leave_out(site: Site) -> str:
    """The opt-out lies in the storage of the counted site, which no other origin can write: its own script does, when asked."""
    addresses = [f"https://{escape(host)}/#footfall_ignore=true" for host in site.hosts if not host.startswith("*.")]
    links = "".join(f'<li><a href="{address}">{address}</a></li>' for address in addresses)
    return LEAVE + (f"<ul>{links}</ul>" if links else "")
