"""A folder of content as a setting says it: where it is, what its files are, and under which addresses the site shows them.

    /srv/blog/posts                     posts at /SLUG
    /srv/blog/pages:page                pages at /SLUG
    /srv/blog/posts:post:/blog/*/       posts at /blog/SLUG/

It reads no file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from footfall.errors import InvalidInput

KINDS = ("post", "page")
LONGEST = 1_000  # characters
MOST = 20  # folders of a site
EXPECTED = f"FOLDER[:{'|'.join(KINDS)}[:ADDRESS]] with a folder that begins with / and an address like /blog/*/"

_SOURCE = re.compile(r"(/.*?)(?::(post|page)(?::(/[^*]*\*[^*]*))?)?", re.DOTALL).fullmatch


class Source(NamedTuple):
    """`address` is the path of an item on the site, `*` standing for its slug."""

    folder: Path
    kind: str
    address: str


def source_of(text: str) -> Source:
    """What a setting says. Raises InvalidInput."""
    match = _SOURCE(text)
    if match is None or len(text) > LONGEST or "\0" in text:
        raise InvalidInput("content", f"{EXPECTED}, not {text[:LONGEST]!r}")
    folder, kind, address = match.groups()
    return Source(Path(folder), kind or "post", address or "/*")


def check(texts: tuple[str, ...]) -> None:
    """Raises InvalidInput for a setting that says no folder, or too many."""
    if len(texts) > MOST:
        raise InvalidInput("content", f"at most {MOST} folders")
    for text in texts:
        source_of(text)
