"""The line for readers without JavaScript, in a browser that runs none, as README and docs/wire.md give it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .conftest import Footfall, Open, Website, until

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file", ["README.md", "docs/wire.md"])
def test_a_deep_page_of_another_origin_counts_under_its_path(file: str, server: Footfall, website: Website, person: Open) -> None:
    """Browsers send other origins no path unless the image asks for it; then `/` would be counted."""
    found = re.search(r'<img src="https://stats.example/p.gif\?s=[\w-]+"[^>]*>', (ROOT / file).read_text())
    assert found is not None
    site = server.site()
    website.script = re.sub(r"https://stats.example/p.gif\?s=[\w-]+", f"{server.address}/p.gif?s={site}", found[0])
    page = person(java_script_enabled=False).new_page()
    page.goto(f"{website.address}/deep/down/here")
    until(lambda: server.snapshot(site)["views"] == 1)
    assert [row["path"] for row in server.snapshot(site)["pages"]] == ["/deep/down/here"]
