"""CPU per fact by stage, each stage run alone in this process on the real parts."""

from __future__ import annotations


def run() -> None:
    """Print the table."""
