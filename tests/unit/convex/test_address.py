"""Which site and which endpoint an address means."""

from __future__ import annotations

import pytest

from footfall.convex.address import Address, read_address, site_at
from footfall.model import Site


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/convex/blog/api/query", Address("blog", "query")),
        ("/convex/blog//api/mutation", Address("blog", "mutation")),
        ("/api/query_ts", Address("", "query_ts")),
        ("//api/function", Address("", "function")),
        ("/api/sync", Address("", "sync")),
        ("/api/1.48.0/sync", Address("", "sync")),
        ("/convex/blog/api/1.16.6/sync", Address("blog", "sync")),
        ("/convex/blog/api/1.48.0/query", None),
        ("/convex//api/query", None),
        ("/api/queries", None),
        ("/api/live/blog", None),
        ("/api/query/blog", None),
        ("/convex/blog", None),
        ("/x/api/query", None),
    ],
)
def test_paths(path: str, address: Address | None) -> None:
    """The prefix names the site; a slash too many, as an address that ends with one brings, does not matter."""
    assert read_address(path) == address


SITES = {
    site.id: site
    for site in (
        Site("blog", hosts=("blog.example",), convex="rounded"),
        Site("all", hosts=("*.example",), convex="exact"),
        Site("deep", hosts=("*.deep.example", "[::1]"), convex="exact"),
        Site("shut", hosts=("shut.example",)),
    )
}


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("blog.example", "blog"),
        ("Blog.Example:8787", "blog"),
        ("blog.example.", "blog"),
        ("other.example", "all"),
        ("a.deep.example", "deep"),
        ("shut.example", "all"),
        ("example", None),
        ("elsewhere.test", None),
        ("", None),
    ],
)
def test_hosts(host: str, site: str | None) -> None:
    """The name itself wins, then the longest pattern; of sites whose door is shut nothing is known."""
    found = site_at(host, SITES)
    assert (found and found.id) == site


def test_the_only_open_one_needs_no_name() -> None:
    """Whatever the server is called."""
    only = {"shut": SITES["shut"], "blog": SITES["blog"]}
    found = site_at("stats.test", only)
    assert found is not None
    assert found.id == "blog"
    assert site_at("stats.test", {"shut": SITES["shut"]}) is None
