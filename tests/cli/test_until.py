"""What `footfall erase --since --until` takes for a time: an erase that reaches further than was said cannot be taken back."""

from __future__ import annotations

import pytest
from click import BadParameter

from footfall.cli.care import Moment

DAY = 86_400_000
NOON = 1_735_646_400_000  # 2024-12-31T12:00:00Z
MIDNIGHT = NOON - DAY // 2


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-12-31", MIDNIGHT, MIDNIGHT + DAY - 1),
        ("2024-12-31T00:00:00", MIDNIGHT, MIDNIGHT + 999),
        ("2024-12-31T12:00:00", NOON, NOON + 999),
        ("2024-12-31T12:00:00Z", NOON, NOON + 999),
    ],
)
def test_a_day_is_whole_and_a_time_is_a_second(text: str, first: int, last: int) -> None:
    """Midnight that was written out is that second, not the day that begins with it."""
    assert Moment(end=False).convert(text, None, None) == first
    assert Moment(end=True).convert(text, None, None) == last


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "2024-12-31T25:00:00", "31.12.2024", "0001-01-01", ""])
def test_anything_else_is_refused(text: str) -> None:
    """And told as what it should have been."""
    with pytest.raises(BadParameter, match="2024-12-31"):
        Moment(end=False).convert(text, None, None)
