"""The city file that an owner brings: what it says of an address. The only place that knows the format, MaxMind's.

It is mapped into memory, not read: a look takes microseconds whatever its size. So the file must not be written over while it is
open; a new one is put in its place (`mv`) and is taken at the next start.
"""

from __future__ import annotations

from collections.abc import Callable

import maxminddb
import structlog

from footfall.errors import StoreRefused

log = structlog.get_logger(__name__)


def open_cities(file: str) -> Callable[[str], object]:
    """The record of an address, None if there is none or it is damaged. Raises StoreRefused for what is no such file.

    What it returns raises ValueError for what is no address, or one of IPv6 where the file has only IPv4.
    """
    try:
        reader = maxminddb.open_database(file, maxminddb.MODE_AUTO)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        raise StoreRefused(f"the city database {file} cannot be read: {error}", "name a MaxMind-format file, or none") from error
    damaged = False

    def record(address: str) -> object:
        nonlocal damaged
        try:
            return reader.get(address)
        except maxminddb.InvalidDatabaseError as error:
            if not damaged:
                log.error("the city database is damaged; where it is, only countries are known", file=file, error=str(error))
            damaged = True
            return None

    return record
