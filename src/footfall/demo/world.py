"""The demo's world: a small gardening blog, where its readers live, where they come from, what they read with. Pure data.

Nothing here is about real people or real websites; hosts end in .example, except the names of well-known sources.
"""

from __future__ import annotations

from typing import NamedTuple

SITE = "demo"
NAME = "The Slow Garden"
ORIGIN = "https://slow-garden.example"


class Page(NamedTuple):
    """`weight`: how many readers enter here; `links`: where they go on to; `words`: how long they read."""

    path: str
    title: str
    weight: float
    words: int
    links: tuple[str, ...]


class Place(NamedTuple):
    """A city, with how many of the readers live there."""

    country: str
    region: str
    city: str
    latitude: float
    longitude: float
    weight: float
    language: str


class Source(NamedTuple):
    """Where readers come from: a referrer, or none, and the campaign in the address."""

    referrer: str
    query: str
    weight: float
    entry: str = ""  # the page all of them enter at, "" for any


PAGES = (
    Page(
        "/",
        "The Slow Garden",
        22,
        120,
        ("/archive", "/tomatoes-without-watering", "/compost-in-six-weeks", "/about", "/winter-sowing"),
    ),
    Page(
        "/tomatoes-without-watering", "Tomatoes without watering", 17, 1400, ("/compost-in-six-weeks", "/seeds-worth-saving", "/")
    ),
    Page(
        "/compost-in-six-weeks",
        "Compost in six weeks",
        12,
        1100,
        ("/tomatoes-without-watering", "/worms-under-the-stairs", "/archive"),
    ),
    Page("/winter-sowing", "Winter sowing in milk jugs", 9, 900, ("/seeds-worth-saving", "/frost-calendar", "/newsletter")),
    Page("/seeds-worth-saving", "Seeds worth saving, and how", 7, 1300, ("/winter-sowing", "/frost-calendar", "/newsletter")),
    Page("/frost-calendar", "A frost calendar you can trust", 6, 700, ("/winter-sowing", "/archive")),
    Page("/worms-under-the-stairs", "Worms under the stairs", 5, 1000, ("/compost-in-six-weeks", "/archive")),
    Page("/the-quiet-lawn", "The quiet lawn: mowing twice a year", 5, 800, ("/archive", "/", "/meadow-from-scratch")),
    Page("/meadow-from-scratch", "A meadow from scratch", 4, 1600, ("/the-quiet-lawn", "/seeds-worth-saving")),
    Page("/rain-barrels", "Rain barrels, honestly calculated", 3, 1200, ("/tomatoes-without-watering", "/archive")),
    Page("/pruning-for-the-lazy", "Pruning for the lazy", 3, 900, ("/archive", "/the-quiet-lawn")),
    Page(
        "/archive",
        "All notes",
        4,
        200,
        ("/rain-barrels", "/pruning-for-the-lazy", "/frost-calendar", "/meadow-from-scratch", "/about"),
    ),
    Page("/about", "Who writes here", 2, 300, ("/archive", "/newsletter", "/")),
    Page("/newsletter", "A letter once a season", 1, 150, ("/", "/archive")),
)

NOT_POSTS = ("/archive", "/about", "/newsletter")

PLACES = (
    Place("DE", "BE", "Berlin", 52.52, 13.40, 9, "de-DE"),
    Place("DE", "BY", "Munich", 48.14, 11.58, 5, "de-DE"),
    Place("DE", "HH", "Hamburg", 53.55, 9.99, 4, "de-DE"),
    Place("AT", "9", "Vienna", 48.21, 16.37, 3, "de-AT"),
    Place("CH", "ZH", "Zurich", 47.37, 8.54, 3, "de-CH"),
    Place("FR", "IDF", "Paris", 48.86, 2.35, 6, "fr-FR"),
    Place("FR", "ARA", "Lyon", 45.76, 4.84, 2, "fr-FR"),
    Place("GB", "ENG", "London", 51.51, -0.13, 9, "en-GB"),
    Place("GB", "SCT", "Edinburgh", 55.95, -3.19, 2, "en-GB"),
    Place("IE", "L", "Dublin", 53.35, -6.26, 2, "en-IE"),
    Place("NL", "NH", "Amsterdam", 52.37, 4.90, 4, "nl-NL"),
    Place("BE", "BRU", "Brussels", 50.85, 4.35, 2, "fr-BE"),
    Place("DK", "84", "Copenhagen", 55.68, 12.57, 2, "da-DK"),
    Place("SE", "AB", "Stockholm", 59.33, 18.07, 3, "sv-SE"),
    Place("NO", "03", "Oslo", 59.91, 10.75, 2, "nb-NO"),
    Place("FI", "18", "Helsinki", 60.17, 24.94, 1, "fi-FI"),
    Place("PL", "14", "Warsaw", 52.23, 21.01, 3, "pl-PL"),
    Place("CZ", "10", "Prague", 50.08, 14.44, 2, "cs-CZ"),
    Place("ES", "MD", "Madrid", 40.42, -3.70, 3, "es-ES"),
    Place("PT", "11", "Lisbon", 38.72, -9.14, 2, "pt-PT"),
    Place("IT", "25", "Milan", 45.46, 9.19, 3, "it-IT"),
    Place("GR", "I", "Athens", 37.98, 23.73, 1, "el-GR"),
    Place("TR", "34", "Istanbul", 41.01, 28.98, 2, "tr-TR"),
    Place("US", "NY", "New York", 40.71, -74.01, 10, "en-US"),
    Place("US", "CA", "San Francisco", 37.77, -122.42, 7, "en-US"),
    Place("US", "WA", "Seattle", 47.61, -122.33, 4, "en-US"),
    Place("US", "TX", "Austin", 30.27, -97.74, 4, "en-US"),
    Place("US", "IL", "Chicago", 41.88, -87.63, 4, "en-US"),
    Place("US", "CO", "Denver", 39.74, -104.99, 3, "en-US"),
    Place("CA", "ON", "Toronto", 43.65, -79.38, 4, "en-CA"),
    Place("CA", "BC", "Vancouver", 49.28, -123.12, 2, "en-CA"),
    Place("MX", "CMX", "Mexico City", 19.43, -99.13, 2, "es-MX"),
    Place("BR", "SP", "São Paulo", -23.55, -46.63, 4, "pt-BR"),
    Place("AR", "C", "Buenos Aires", -34.60, -58.38, 2, "es-AR"),
    Place("CL", "RM", "Santiago", -33.45, -70.67, 1, "es-CL"),
    Place("ZA", "WC", "Cape Town", -33.92, 18.42, 2, "en-ZA"),
    Place("KE", "30", "Nairobi", -1.29, 36.82, 1, "en-KE"),
    Place("EG", "C", "Cairo", 30.04, 31.24, 1, "ar-EG"),
    Place("IL", "TA", "Tel Aviv", 32.09, 34.78, 1, "he-IL"),
    Place("IN", "KA", "Bengaluru", 12.97, 77.59, 5, "en-IN"),
    Place("IN", "MH", "Mumbai", 19.08, 72.88, 3, "en-IN"),
    Place("SG", "", "Singapore", 1.35, 103.82, 2, "en-SG"),
    Place("ID", "JK", "Jakarta", -6.21, 106.85, 2, "id-ID"),
    Place("KR", "11", "Seoul", 37.57, 126.98, 3, "ko-KR"),
    Place("JP", "13", "Tokyo", 35.68, 139.69, 5, "ja-JP"),
    Place("JP", "27", "Osaka", 34.69, 135.50, 2, "ja-JP"),
    Place("TW", "TPE", "Taipei", 25.03, 121.57, 1, "zh-TW"),
    Place("AU", "NSW", "Sydney", -33.87, 151.21, 3, "en-AU"),
    Place("AU", "VIC", "Melbourne", -37.81, 144.96, 2, "en-AU"),
    Place("NZ", "AUK", "Auckland", -36.85, 174.76, 2, "en-NZ"),
)

SOURCES = (
    Source("", "", 34),
    Source("https://www.google.com/", "", 26),
    Source("https://duckduckgo.com/", "", 7),
    Source("https://www.bing.com/", "", 4),
    Source("https://news.ycombinator.com/item", "", 9, "/tomatoes-without-watering"),
    Source("https://www.reddit.com/r/gardening/", "", 6, "/compost-in-six-weeks"),
    Source("https://allotment-notes.example/links", "", 3),
    Source("https://mastodon.social/", "", 3),
    Source("", "utm_source=newsletter&utm_medium=email&utm_campaign=spring", 6, "/winter-sowing"),
    Source("https://seed-swap.example/", "utm_source=seed-swap&utm_medium=banner&utm_campaign=saving", 2, "/seeds-worth-saving"),
)

WIDTHS = {"desktop": (1280, 1440, 1536, 1920, 2560), "phone": (360, 390, 393, 412, 430), "tablet": (768, 820, 1024)}
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
_FIREFOX = "Gecko/20100101 Firefox/145.0"
BROWSERS = (  # user agent, kind of screen, weight
    (f"{_WINDOWS}) {_CHROME} Safari/537.36", "desktop", 24),
    (f"{_WINDOWS}; rv:145.0) {_FIREFOX}", "desktop", 9),
    (f"{_WINDOWS}) {_CHROME} Safari/537.36 Edg/142.0.0.0", "desktop", 7),
    (f"{_MAC} {_SAFARI} Safari/605.1.15", "desktop", 9),
    (f"{_MAC} {_CHROME} Safari/537.36", "desktop", 8),
    (f"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) {_FIREFOX}", "desktop", 5),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1", "phone", 19),
    (f"Mozilla/5.0 (Linux; Android 10; K) {_CHROME} Mobile Safari/537.36", "phone", 15),
    ("Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", "phone", 2),
    (f"Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) {_SAFARI} Safari/604.1", "tablet", 3),
)
