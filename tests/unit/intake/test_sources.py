"""Where readers come from: names of hosts and tags, and the channels that follow, by the real list."""

from __future__ import annotations

import pytest

from footfall.intake.page import read_page

from .conftest import SOURCES


@pytest.mark.parametrize(
    ("host", "query", "source", "channel"),
    [
        ("", "", "", "Direct"),
        ("google.com", "", "Google", "Organic Search"),
        ("google.de", "", "Google", "Organic Search"),
        ("duckduckgo.com", "", "DuckDuckGo", "Organic Search"),
        ("t.co", "", "Twitter", "Organic Social"),
        ("x.com", "", "Twitter", "Organic Social"),
        ("news.ycombinator.com", "", "Hacker News", "Organic Social"),
        ("youtube.com", "", "YouTube", "Organic Video"),
        ("smile.amazon.com", "", "Amazon", "Organic Shopping"),
        ("chatgpt.com", "", "ChatGPT", "Referral"),
        ("blog.example", "", "blog.example", "Referral"),
        ("mail.google.com", "", "Gmail", "Email"),
        ("blog.example", "utm_source=GOOGLE&utm_medium=cpc", "Google", "Paid Search"),
        ("google.com", "gclid=1", "Google", "Paid Search"),
        ("bing.com", "a=1&msclkid=1", "Bing", "Paid Search"),
        ("bing.com", "gclid=1", "Bing", "Organic Search"),
        ("", "utm_source=facebook&utm_medium=paid-social", "Facebook", "Paid Social"),
        ("", "utm_source=newsletter", "newsletter", "Email"),
        ("", "utm_source=x&utm_medium=e-mail", "x", "Email"),
        ("", "utm_source=x&utm_medium=banner", "x", "Display"),
        ("", "utm_source=x&utm_medium=ppc", "x", "Paid Other"),
        ("", "utm_source=x&utm_medium=social", "x", "Organic Social"),
        ("", "utm_source=x&utm_medium=affiliate", "x", "Affiliates"),
        ("", "utm_source=x&utm_campaign=summer-shop", "x", "Organic Shopping"),
        ("", "utm_source=x&utm_campaign=bishop", "x", "Referral"),
        ("", "utm_campaign=cross-network", "", "Cross-network"),
        ("", "ref=producthunt", "producthunt", "Referral"),
        ("google.com", "ref=a&source=b", "b", "Referral"),
        ("", "utm_medium=push", "", "Mobile Push Notifications"),
    ],
)
def test_sources_and_channels(host: str, query: str, source: str, channel: str) -> None:
    page = read_page(f"https://here.example/?{query}")
    assert page is not None
    tagged, medium, campaign, _, _ = page.campaign
    assert SOURCES.read(host, tagged or page.tag, medium, campaign, page.click) == (source, channel)
