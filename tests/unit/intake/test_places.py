"""Where a reader is, when no proxy tells it: by a city file, else by the country of the address."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from footfall.intake import Caller, Intake, Place

BODY = json.dumps({"s": "blog", "k": "view", "i": "0123456789-", "u": "https://blog.example/"}).encode()
NESTED = {
    "country": {"iso_code": "DE", "names": {"en": "Germany"}},
    "subdivisions": [{"iso_code": "BE", "names": {"en": "Land Berlin"}}],
    "city": {"names": {"de": "Berlin", "en": "Berlin"}},
    "location": {"latitude": 52.52, "longitude": 13.41},
}
FLAT = {"country_code": "DE", "state1": "Land Berlin", "state2": "", "city": "Berlin", "latitude": 52.52, "longitude": 13.41}


def not_an_address(address: str) -> object:
    """What a maxminddb reader does with an IPv6 address when it has only IPv4."""
    raise ValueError(f"{address!r} does not appear to be an IPv4 address")


RECORDS: list[tuple[Callable[[str], object], Place]] = [
    (lambda address: NESTED, Place("DE", "DE-BE", "Berlin", 52.52, 13.41)),
    (lambda address: FLAT, Place("DE", "Land Berlin", "Berlin", 52.52, 13.41)),
    (lambda address: {"country": {"iso_code": "DE"}}, Place("DE")),
    (lambda address: {"country_code": "DE", "latitude": 0.0, "longitude": 0.0}, Place("DE")),
    (lambda address: {"country_code": "DE", "latitude": 0.0, "longitude": 13.41}, Place("DE", "", "", 0.0, 13.41)),
    (lambda address: {"country_code": "DE", "city": 7, "latitude": "north", "longitude": None}, Place("DE")),
    (lambda address: {"city": {"names": {"en": "Nowhere"}}}, Place("GB")),
    (lambda address: None, Place("GB")),
    (lambda address: [1], Place("GB")),
    (not_an_address, Place("GB")),
]


@pytest.mark.parametrize(("cities", "place"), RECORDS)
def test_city_files(build: Callable[..., Intake], cities: Callable[[str], object], place: Place) -> None:
    """Both shapes of city file are read; where one says nothing, the country of the address stands."""
    (fact,) = build(cities=cities).collect(BODY, Caller("81.2.69.142", 0)).facts
    found: list[Any] = [fact.country, fact.region, fact.city, fact.latitude, fact.longitude]
    assert found == [place.country or None, place.region or None, place.city or None, place.latitude, place.longitude]


def test_a_proxys_word_goes_first(build: Callable[..., Intake]) -> None:
    """What a trusted proxy told is not looked up again."""
    (fact,) = build(cities=lambda address: NESTED).collect(BODY, Caller("81.2.69.142", 0, place=Place("FR"))).facts
    assert (fact.country, fact.city) == ("FR", None)


@pytest.mark.parametrize("code", ["EU", "AP", "ZZ", None])
def test_no_country(build: Callable[..., Intake], code: str | None) -> None:
    """What registries write when they know no country is none."""
    (fact,) = build(countries=lambda address: code).collect(BODY, Caller("81.2.69.142", 0)).facts
    assert fact.country is None
