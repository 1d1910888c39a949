"""The front matter of a Markdown file: what of it tells title, address and whether the file is published. Pure.

YAML between lines of `---`, TOML between lines of `+++`. Every value is taken as the text that was written: a title `1.10` or
`Yes` stays one, and nothing in a file can make objects.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import NamedTuple

import yaml

from footfall.errors import InvalidInput
from footfall.rules import MAX_TEXT_BYTES

HEAD = 64 * 1024  # bytes: front matter ends within them; nothing behind is read

_MARK = re.compile(rb"(?:\xef\xbb\xbf)?(---|\+\+\+)[ \t]*\r?\n").match
_YAML_END = re.compile(rb"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
_TOML_END = re.compile(rb"^\+\+\+[ \t]*\r?$", re.MULTILINE)
_SPACED_ZONE = re.compile(r" (?=[+-]\d\d:?\d\d$)")  # 2024-05-06 07:08:09 +0200, as Jekyll writes it
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


class Matter(NamedTuple):
    """`slug`: as the file says; `address`: a whole path; `date`: ms since 1970 UTC. "" and None: it says none."""

    title: str | None
    slug: str
    address: str
    draft: bool
    date: int | None


NOTHING = Matter(None, "", "", False, None)


def read(head: bytes) -> Matter | None:
    """The front matter that a file begins with; None if it begins with none. Raises InvalidInput for one that cannot be read."""
    mark = _MARK(head)
    if mark is None:
        return None
    end = (_YAML_END if mark[1] == b"---" else _TOML_END).search(head, mark.end())
    if end is None:
        raise InvalidInput("front matter", f"its end, {mark[1].decode()} on a line of its own, within {HEAD >> 10} KiB")
    try:
        text = head[mark.end() : end.start()].decode()
    except UnicodeDecodeError as error:
        raise InvalidInput("front matter", "UTF-8") from error
    return _matter(_from_yaml(text) if mark[1] == b"---" else _from_toml(text))


def _from_yaml(text: str) -> object:
    try:
        return yaml.load(text, yaml.CBaseLoader)  # knows text, lists and mappings, and nothing else
    except yaml.MarkedYAMLError as error:
        where = f" (line {error.problem_mark.line + 2}: {error.problem})" if error.problem_mark else ""
        raise InvalidInput("front matter", f"YAML{where}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidInput("front matter", "YAML without control characters or deep nesting") from error


def _from_toml(text: str) -> object:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("front matter", f"TOML ({str(error)[:200]})") from error


def _matter(told: object) -> Matter:
    if not isinstance(told, dict):
        if told not in (None, ""):
            raise InvalidInput("front matter", "names with values")
        told = {}
    names = {name.lower(): value for name, value in told.items() if isinstance(name, str)}
    title = _text(names, "title")
    address = _text(names, "permalink") or _text(names, "url") or ""
    published = _text(names, "published") or ""
    return Matter(
        title=title,
        slug=_text(names, "slug") or "",
        address=address if address.startswith("/") and not set(address) & set(":{*") else "",  # else a template, or another site
        draft=(_text(names, "draft") or "").lower() in _YES or published.lower() in _NO,
        date=date_of(_text(names, "date") or ""),
    )


def _text(names: Mapping[str, object], name: str) -> str | None:
    """A value as text, None if there is none. Raises InvalidInput for what is no text, or too much."""
    value = names.get(name)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | dict):
        if name in ("permalink", "url", "published", "date"):
            return None  # a mapping means something to some generator, nothing here
        raise InvalidInput(name, "text")
    if value is None:
        return None
    text = str(value).strip()
    try:
        if len(text.encode()) <= MAX_TEXT_BYTES:
            return text
    except UnicodeEncodeError as error:
        raise InvalidInput(name, "text without lone surrogates") from error
    raise InvalidInput(name, f"at most {MAX_TEXT_BYTES} bytes")


def date_of(text: str) -> int | None:
    """A date of ISO 8601 in ms since 1970 UTC, one without a zone in UTC; None for anything else."""
    try:
        moment = datetime.fromisoformat(_SPACED_ZONE.sub("", text))
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
