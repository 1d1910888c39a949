"""What a question may not say: JSON nested as deep as JSON goes."""

from __future__ import annotations

import msgspec
import pytest

from footfall.errors import InvalidInput
from footfall.model import Site
from footfall.query.reading import read


@pytest.mark.parametrize(
    ("field", "begins", "inside", "ends"),
    [
        ("filters", '["and", [', '["is", "event:page", ["/"]]', "]]"),
        ("metrics", "[", "", "]"),
        ("dimensions", "[", "", "]"),
        ("order_by", "[", "", "]"),
    ],
)
def test_what_is_nested_too_deep_is_refused(field: str, begins: str, inside: str, ends: str) -> None:
    """Up to the deepest that can be decoded, where Python's own recursion is about to end: it is InvalidInput."""
    bodies = []
    for depth in range(12, 1_200):
        nested = msgspec.Raw(f"[{begins * depth}{inside}{ends * depth}]".encode())
        asked = msgspec.json.encode({"metrics": ["visitors"], "date_range": "day", field: nested})
        try:
            bodies.append(msgspec.json.decode(asked))
        except RecursionError:
            break
    assert len(bodies) < 1_188
    for body in bodies[-40:]:
        with pytest.raises(InvalidInput):
            read(body, Site("deep"), 1_771_070_400_000, None)
