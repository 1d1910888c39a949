"""Real city files, small ones made for the test: both shapes, both kinds of address, and what is no such file or damaged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mmdb_writer
import pytest
from netaddr import IPSet  # type: ignore[import-untyped]  # it ships no types; mmdb_writer brings it
from structlog.testing import capture_logs

from footfall.cities import open_cities
from footfall.config import Config
from footfall.errors import StoreRefused
from footfall.house import open_house
from footfall.intake import Caller, Place
from footfall.intake.geo import place_of_record
from footfall.model import Site

HERE, THERE, SIX = "81.2.69.142", "192.0.2.1", "2001:db8::1"
NESTED = {
    "city": {"names": {"en": "London"}},
    "country": {"iso_code": "GB"},
    "subdivisions": [{"iso_code": "ENG"}],
    "location": {"latitude": 51.5, "longitude": -0.12},
}
FLAT = {"country_code": "GB", "state1": "England", "city": "London", "latitude": 51.5, "longitude": -0.12}


def made(folder: Path, records: Mapping[str, dict[str, Any]], version: int = 6) -> str:
    """A file with these records by network."""
    writer = mmdb_writer.MMDBWriter(version, database_type="Test-City", ipv4_compatible=version == 6)
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    file = folder / "cities.mmdb"
    writer.to_db_file(str(file))
    return str(file)


@pytest.mark.parametrize(
    ("record", "place"),
    [(NESTED, Place("GB", "GB-ENG", "London", 51.5, -0.12)), (FLAT, Place("GB", "England", "London", 51.5, -0.12))],
)
def test_both_shapes(record: dict[str, Any], place: Place, tmp_path: Path) -> None:
    """MaxMind's and DB-IP's, nested; and the flat one of ip-location-db; for both kinds of address."""
    cities = open_cities(made(tmp_path, {"81.2.69.0/24": record, "2001:db8::/32": record}))
    assert [place_of_record(cities(address)) for address in (HERE, SIX, THERE)] == [place, place, None]


def test_a_file_with_one_kind_of_address(tmp_path: Path) -> None:
    """It says so for the other: intake goes on to the country."""
    cities = open_cities(made(tmp_path, {"81.2.69.0/24": FLAT}, version=4))
    assert cities(HERE) is not None
    for address in (SIX, "no address", ""):
        with pytest.raises(ValueError, match="address"):
            cities(address)


async def test_a_house_with_a_city_file(tmp_path: Path) -> None:
    """A reader is where the file says; one that it does not know, in the country of the address."""
    file = made(tmp_path, {"81.2.69.0/24": NESTED})
    house = await open_house(Config(data_folder=tmp_path / "data", city_database=file))
    try:
        await house.put_site(Site("blog"))
        found = []
        for number, address in enumerate((HERE, "193.99.144.80", SIX, "")):
            body = b'{"s": "blog", "k": "view", "i": "0123456789%d", "u": "https://blog.example/"}' % number
            (fact,) = house.intake.collect(body, Caller(address, house.engine.now())).facts
            found.append((fact.country, fact.city))
    finally:
        await house.close()
    assert found == [("GB", "London"), ("DE", None), (None, None), (None, None)]


@pytest.mark.parametrize("content", [None, b"", b"no such format" * 100])
async def test_what_is_no_city_file(content: bytes | None, tmp_path: Path) -> None:
    """The start names it and what to do, and leaves the data folder alone."""
    file = tmp_path / "cities.mmdb"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StoreRefused, match=r"cities\.mmdb cannot be read") as refused:
        await open_house(Config(data_folder=tmp_path / "data", city_database=str(file)))
    assert refused.value.repair == "name a MaxMind-format file, or none"
    assert not (tmp_path / "data").exists()


def test_a_damaged_file(tmp_path: Path) -> None:
    """It refuses nobody: what it cannot say is not known, and the log has it once."""
    file = Path(made(tmp_path, {"81.2.69.0/24": NESTED}))
    whole = file.read_bytes()
    start = whole.index(b"London") - 30
    file.write_bytes(whole[:start] + b"\xff" * 60 + whole[start + 60 :])
    cities = open_cities(str(file))
    with capture_logs() as logged:
        assert [cities(HERE), cities(HERE), cities(THERE)] == [None, None, None]
    assert [line["log_level"] for line in logged] == ["error"]
