"""What a user agent tells: browser, system, device, and whether it is a program rather than a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec


class Agent(msgspec.Struct, frozen=True, gc=False):
    """What a user agent says. `bot` is "" for people."""

    bot: str = ""
    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    device: str = ""


class Agents:
    """Reads user agents, remembering the last 20,000. `crawlers`: regular expressions (the `pattern`s of the package
    crawler-user-agents); `parse`: `ua_parser.parse`, handed in because it reads its data files when first used."""

    def __init__(self, crawlers: Iterable[str], parse: Callable[[str], Any]) -> None:
        raise NotImplementedError

    def read(self, user_agent: str) -> Agent:
        raise NotImplementedError
