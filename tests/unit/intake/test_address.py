"""Whose address it is."""

from __future__ import annotations

import pytest

from footfall.errors import InvalidInput
from footfall.intake import TrustedProxies, client_address, network_of

TRUSTED = TrustedProxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])

HOPS = [
    # peer, X-Forwarded-For, address, whether the header came from nobody that we trust
    ("192.0.2.1", None, "192.0.2.1", False),
    ("127.0.0.1", None, "127.0.0.1", False),
    ("192.0.2.1", "198.51.100.1", "192.0.2.1", True),
    ("127.0.0.1", "198.51.100.1", "198.51.100.1", False),
    ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1", False),
    ("127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1", False),
    ("127.0.0.1", "203.0.113.9, 198.51.100.1, 10.1.2.3", "198.51.100.1", False),
    ("127.0.0.1", "198.51.100.1,10.1.2.3,10.1.2.4", "198.51.100.1", False),
    ("127.0.0.1", "10.0.0.9, 10.1.2.3", "10.0.0.9", False),
    ("127.0.0.1", "10.0.0.9", "10.0.0.9", False),
    ("10.1.1.1", "198.51.100.1:5678", "198.51.100.1", False),
    ("10.1.1.1", "[2001:DB8::7]:443", "2001:db8::7", False),
    ("10.1.1.1", '"[2001:db8::7]"', "2001:db8::7", False),
    ("fd00::1", "2001:db8::7", "2001:db8::7", False),
    ("10.1.1.1", "::ffff:198.51.100.1", "198.51.100.1", False),
    ("10.1.1.1", "fe80::1%eth0", "fe80::1", False),
    ("10.1.1.1", " \t198.51.100.1 ", "198.51.100.1", False),
    ("10.1.1.1", "unknown", "10.1.1.1", False),
    ("10.1.1.1", "", "10.1.1.1", False),
    ("10.1.1.1", "198.51.100.1, unknown, 10.2.2.2", "10.2.2.2", False),
    ("10.1.1.1", "198.51.100.1,", "10.1.1.1", False),
    ("10.1.1.1", "999.1.1.1", "10.1.1.1", False),
    ("10.1.1.1", "1.2.3", "10.1.1.1", False),
    ("10.1.1.1", "1.2.3.4.5", "10.1.1.1", False),
    ("10.1.1.1", "\u0661.2.3.4", "10.1.1.1", False),  # a digit, but not one of ours
    ("10.1.1.1", "127.0.0.1; DROP TABLE", "10.1.1.1", False),
    ("10.1.1.1", ":::", "10.1.1.1", False),
    ("10.1.1.1", "1:2:3:4:5:6:7:8:9", "10.1.1.1", False),
    ("", None, "", False),
    ("", "198.51.100.1", "", True),
    ("unix socket", None, "unix socket", False),
]


@pytest.mark.parametrize(("peer", "forwarded", "address", "spoofed"), HOPS)
def test_client_address(peer: str, forwarded: str | None, address: str, spoofed: bool) -> None:
    """The rightmost hop that is no trusted proxy, as far as trusted proxies wrote the list."""
    assert client_address(peer, forwarded, TRUSTED) == (address, spoofed)


def test_nobody_is_trusted_unasked() -> None:
    """Without a list no proxy is believed, the machine itself included."""
    assert client_address("127.0.0.1", "198.51.100.1", TrustedProxies()) == ("127.0.0.1", True)


@pytest.mark.parametrize("network", ["proxy.example", "10.0.0.0/33", "", "10.0.0.1-10.0.0.9"])
def test_what_is_no_network(network: str) -> None:
    """A setting that names no network is refused by name, at the start and not at the first request."""
    with pytest.raises(InvalidInput, match="trusted proxies"):
        TrustedProxies([network])


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
        ("2001:0db8:0001:0002::1", "2001:db8:1:2"),
        ("2001:db8:1:2::", "2001:db8:1:2"),
        ("2001:db8::1", "2001:db8:0:0"),
        ("2001:db8:0:0:1::", "2001:db8:0:0"),
        ("::1", "0:0:0:0"),
        ("::", "0:0:0:0"),
        ("", ""),
        ("unix socket", "unix socket"),
    ],
)
def test_network_of(address: str, network: str) -> None:
    """One household is one network, however its address is written."""
    assert network_of(address) == network
