"""What a user agent tells. All are of real browsers and programs."""
# ruff: noqa: E501 -- a row of a table is read as one line

from __future__ import annotations

import pytest
import ua_parser

from footfall.intake import Agent, Agents

ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"

PEOPLE = [
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:121.0) Gecko/20100101 Firefox/121.0",
        "Firefox",
        "121",
        "macOS",
        "10",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/85.0.4183.121 Safari/537.36 OPR/71.0.3770.284",
        "Opera",
        "71",
        "macOS",
        "10",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36",
        "Chrome",
        "109",
        "Windows",
        "10",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
        "Edge",
        "142",
        "Windows",
        "10",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
        "Chrome",
        "156",
        "Linux",
        "",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        "Chrome",
        "142",
        "ChromeOS",
        "14541",
        "Desktop",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Safari",
        "17",
        "iOS",
        "17",
        "Mobile",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
        "Chrome",
        "126",
        "iOS",
        "17",
        "Mobile",
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
        "Safari",
        "16",
        "iOS",
        "16",
        "Tablet",
    ),
    (ANDROID + " Mobile Safari/537.36", "Chrome", "142", "Android", "10", "Mobile"),
    (ANDROID + " Safari/537.36", "Chrome", "142", "Android", "10", "Tablet"),
    ("Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0", "Firefox", "128", "Android", "14", "Mobile"),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
        "Samsung Internet",
        "25",
        "Android",
        "13",
        "Mobile",
    ),
    (
        "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16",
        "Opera Mini",
        "36",
        "Android",
        "",
        "Mobile",
    ),
    ("Lynx/2.8.9rel.1 libwww-FM/2.14 SSL-MM/1.4.1", "Lynx", "2", "", "", ""),
]
PROGRAMS = [
    ("", "empty"),
    ("   ", "empty"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36", "automation"),
    ("Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1", "automation"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Chrome-Lighthouse", "automation"),
    ("Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/20.0.3", "automation"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler"),
    ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "crawler"),
    ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "crawler"),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "crawler"),
    ("curl/7.88.1", "crawler"),
    ("python-requests/2.34.2", "crawler"),
    ("python-httpx/0.28.1", "crawler"),
    ("axios/1.21.1", "crawler"),
    ("Go-http-client/1.1", "crawler"),
    ("node", "library"),
    ("undici", "library"),
    ("Umami-Client v1.0.0 / Python 3.11.7 / Linux", "library"),
    ("Mozilla/5.0 Umami/v20.20.2", "library"),
    ("plausible-mcp/0.1.2", "library"),
    ("Dart/3.1 (dart:io)", "library"),
    ("\x00\xff", "library"),
]  # fmt: skip


@pytest.mark.parametrize(("user_agent", "browser", "browser_version", "os", "os_version", "device"), PEOPLE)
def test_people(
    agents: Agents, user_agent: str, browser: str, browser_version: str, os: str, os_version: str, device: str
) -> None:
    """A browser's user agent is a person's, and tells browser, system and device in the names that people use."""
    assert agents.read(user_agent) == Agent("", browser, browser_version, os, os_version, device)


@pytest.mark.parametrize(("user_agent", "bot"), PROGRAMS)
def test_programs(agents: Agents, user_agent: str, bot: str) -> None:
    """What no person sits behind is told apart by why we think so."""
    assert agents.read(user_agent).bot == bot


def test_a_user_agent_without_end(agents: Agents) -> None:
    """Only the first 1,024 characters are read."""
    start = PEOPLE[0][0]
    assert agents.read(start.ljust(1024) + "Googlebot/2.1") == agents.read(start.ljust(1024))


def test_the_first_reader_does_not_wait_for_the_lists() -> None:
    """They are read when the reader of agents is made; what was asked then is remembered."""
    asked: list[str] = []

    def parse(user_agent: str) -> object:
        asked.append(user_agent)
        return ua_parser.parse(user_agent)

    agents = Agents([], parse)
    assert asked == [""]
    assert agents.read("").bot == "empty"
    assert asked == [""]
