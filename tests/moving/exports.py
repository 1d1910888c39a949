"""Makes exports as the original's platform does, with the oddities it has, and says in plain Python what they must come to."""

from __future__ import annotations

import json
import random
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOON = 1_714_000_000_000  # some day of 2024
PATHS = ("/", "", "/stats", "/hello", "/about", "/blog/ünïcode", "/a b", "hello", "/nothing/published/here")

Document = dict[str, Any]
Tables = Mapping[str, Sequence[Document]]


def views(count: int, seed: int = 1, first: int = 0) -> list[Document]:
    """So many page views, numbered from `first`, a minute between two, each reader about three times."""
    chance = random.Random(seed)
    made = []
    for n in range(first, first + count):
        time = NOON + n * 60_000 + chance.randrange(60_000)
        view: Document = {"_creationTime": time + chance.random(), "_id": f"j57{n:09d}{chance.getrandbits(64):016x}"}
        view |= {"path": chance.choice(PATHS), "pageType": "blog", "sessionId": f"session-{chance.randrange(1 + count // 3)}"}
        view["timestamp"] = float(time) if chance.random() < 0.7 else time  # printed with ".0" or without
        if chance.random() < 0.05:
            del view["pageType"]
        if chance.random() < 0.05:
            del view["timestamp"]
        made.append(view)
    return made


def titles(*named: tuple[str, str, bool]) -> list[Document]:
    """Posts or pages: (slug, title, published), oldest first, each with a long content that no statistic reads."""
    return [
        {"_creationTime": NOON + n + 0.25, "_id": f"k97{n:029d}", "slug": slug, "title": title, "published": published}
        | {"content": "words " * 5_000, "embedding": [0.25] * 1_536, "tags": ["a"]}
        for n, (slug, title, published) in enumerate(named)
    ]


def session(name: str, path: str, seen: float, **place: object) -> Document:
    """A row of activeSessions."""
    return {
        "_creationTime": seen - 1e6,
        "_id": f"m17{name:>029}",
        "sessionId": name,
        "currentPath": path,
        "lastSeen": seen,
        **place,
    }


POSTS = titles(("hello", "Hello", True), ("hello", "Hello again", True), ("draft", "Not yet", False), ("about", "A post", False))
PAGES = titles(("about", "About", True), ("blog/ünïcode", "Ünïcode ✓", True), ("stats", "Not this one", True))


def lines(documents: Iterable[Document]) -> bytes:
    """As the platform writes them: one a line, not all of ASCII."""
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents).encode()


def write_zip(file: Path, tables: Mapping[str, bytes], top: str = "") -> Path:
    """The zip file of `npx convex export`, with what else is in one."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(f"{top}README.md", "# Welcome to your Convex snapshot export!\n")
        listed = [{"name": name, "id": 10_000 + n} for n, name in enumerate(tables)]
        made.writestr(f"{top}_tables/documents.jsonl", lines(listed))
        made.writestr(f"{top}_storage/documents.jsonl", "")
        made.writestr(f"{top}_components/totals/pageViews/documents.jsonl", '{"not": "ours"}\n')
        for name, content in tables.items():
            made.writestr(f"{top}{name}/generated_schema.jsonl", '"uniform"\n')
            made.writestr(f"{top}{name}/documents.jsonl", content)
    return file


def unpack(file: Path) -> Path:
    """The folder that it unpacks to."""
    folder = file.with_suffix("")
    with zipfile.ZipFile(file) as made:
        made.extractall(folder)
    return folder


@dataclass(frozen=True)
class Expected:
    """What the original shows of these documents."""

    views: int
    visitors: int
    since: int | None
    pages: dict[str, tuple[int, str, str]]  # path: views, title, type
    posts: int
    published_pages: int


def expected(documents: Sequence[Document], posts: Sequence[Document] = (), pages: Sequence[Document] = ()) -> Expected:
    """By the original's rules; of several items with one slug the oldest that is published, which is counted once here."""
    shown = {}
    for kind, items in (("page", pages), ("blog", posts)):
        for item in sorted(items, key=lambda item: item["_creationTime"], reverse=True):
            if item["published"]:
                shown[kind, item["slug"]] = item["title"]
    times = [int(view["timestamp"] if "timestamp" in view else view["_creationTime"]) for view in documents]
    counts = Counter(view["path"] for view in documents)
    return Expected(
        len(documents),
        len({view["sessionId"] for view in documents}),
        min(times, default=None),
        {path: (count, *_title(path, shown)) for path, count in counts.items()},
        sum(kind == "blog" for kind, _ in shown),
        sum(kind == "page" for kind, _ in shown),
    )


def _title(path: str, shown: Mapping[tuple[str, str], str]) -> tuple[str, str]:
    if path in ("", "/"):
        return "Home", "home"
    if path == "/stats":
        return "Stats", "stats"
    slug = path.removeprefix("/")
    for kind in ("blog", "page"):
        if (kind, slug) in shown:
            return shown[kind, slug], kind
    return path, "other"
