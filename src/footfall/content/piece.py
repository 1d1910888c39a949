"""A file of content as the site shows it: under which slug, with which title. Pure.

1. `permalink:` or `url:` with a whole path is that path. One with gaps to be filled (`:title`, `{{ slug }}`) says nothing.
2. Else the slug is the path below the folder without the ending. Of its last part a date in front (2024-05-06-) is left out; a
   last part `index` or `_index` is the folder it lies in; `_posts` and `_drafts` are no part of it.
3. `slug:` stands in for the last part; one that begins with / for all of it.
4. The folder's address (/blog/*/) says where on the site the slug is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from footfall.content.matter import Matter, date_of
from footfall.intake.page import readable
from footfall.rules import slug_of

_DATED = re.compile(r"(\d{4}-\d\d-\d\d)-(.+)", re.DOTALL).fullmatch
_INDEX = ("index", "_index")
_NO_PART = ("_posts", "_drafts")
_STANDS = "/%~!$&'()*+,;=:@"  # as browsers leave it in an address


class Piece(NamedTuple):
    """`slug` is the path on the site less its first slash; `date`: ms since 1970 UTC, before which it is not published."""

    slug: str
    title: str
    draft: bool
    date: int | None

    def is_published(self, now: int) -> bool:
        """Whether readers may find it."""
        return not self.draft and (self.date is None or self.date <= now)


def piece_of(parts: Sequence[str], matter: Matter, address: str) -> Piece:
    """The file at `parts` below its folder, the last one without its ending. Without a title its name is one."""
    *folders, name = parts
    dated = _DATED(name)
    if dated:
        name = dated[2]
    place = [part for part in (folders if name in _INDEX else [*folders, name]) if part not in _NO_PART]
    title = matter.title if matter.title is not None else place[-1] if place else "Home"
    date = matter.date if matter.date is not None or not dated else date_of(dated[1])
    return Piece(_slug(place, matter, address), title, matter.draft or "_drafts" in folders, date)


def _slug(place: Sequence[str], matter: Matter, address: str) -> str:
    if matter.address:
        return slug_of(_written(matter.address))
    if matter.slug:
        place = [*([] if matter.slug.startswith("/") else place[:-1]), matter.slug.strip("/")]
    path = address.replace("*", "/".join(place))
    return slug_of(_written(re.sub("/{2,}", "/", path)))


def _written(path: str) -> str:
    """As facts have their paths: what a browser would encode is, letters are not."""
    return readable(quote(path, safe=_STANDS))
