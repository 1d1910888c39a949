"""Which Footfall this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version of the package, "0" in a source tree that nobody installed."""
    try:
        return version("footfall")
    except PackageNotFoundError:
        return "0"
