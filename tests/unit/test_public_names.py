"""The public surface is a list; everything else is free to change."""

from __future__ import annotations

import subprocess
import sys

import footfall
from footfall import errors

PUBLIC = """
ArchiveRefused Busy ChunkReport ClockBehind FolderInUse Footfall FootfallError Full HistoryFailed ImportedView InvalidInput
JournalFailed Location NewerVersion NotFound PageStat PathCount Stats StoreMismatch StoreRefused TooExpensive Unanswerable
""".split()


def test_the_public_names_are_these() -> None:
    """A name that comes or goes here is a decision, and shows up in a diff."""
    assert footfall.__all__ == PUBLIC
    assert all(getattr(footfall, name).__doc__ for name in PUBLIC)


def test_every_error_is_public_and_drawn() -> None:
    """The tree at the top of errors.py names every error, and each one can be caught by its public name."""
    defined = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert defined <= set(PUBLIC)
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in defined)


def test_the_command_line_waits_for_no_database() -> None:
    """Help and wrong usage are answered before anything heavy is loaded."""
    code = "import footfall.cli, sys; print(sorted({'duckdb', 'numpy', 'granian', 'starlette'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
