"""Where a reader is, as far as anyone told us: the location headers of hosting platforms, or a country and city file."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where an address is. "" and None: not known. Latitude and longitude are both there or both None."""

    country: str = ""
    region: str = ""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None
