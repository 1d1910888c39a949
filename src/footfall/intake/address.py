"""Whose address it is: the peer's, or the one that a trusted proxy saw. It opens no socket and looks nothing up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address, ip_network

from footfall.errors import InvalidInput

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = re.compile(rf"({_OCTET}(?:\.{_OCTET}){{3}})(?::\d+)?", re.ASCII).fullmatch


class TrustedProxies:
    """The networks ("10.0.0.0/8", "::1") whose X-Forwarded-For and location headers are believed."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """Raises InvalidInput for what is no network."""
        try:
            self._networks = [ip_network(network.strip(), strict=False) for network in networks]
        except ValueError as error:
            raise InvalidInput("trusted proxies", f"addresses or networks such as 10.0.0.0/8; {error}") from None
        self._holds = lru_cache(4096)(self._look)  # proxies are few, and parsing an address takes longer than all else here

    def __contains__(self, address: str) -> bool:
        return bool(self._networks) and self._holds(address)

    def _look(self, address: str) -> bool:
        plain = plain_address(address)
        if not plain:
            return False
        parsed = ip_address(plain)
        return any(parsed in network for network in self._networks)


def client_address(peer: str, forwarded_for: str | None, trusted: TrustedProxies) -> tuple[str, bool]:
    """(address of the client, whether a forwarded header came from a peer that is not trusted).

    The client is the rightmost hop that is no trusted proxy, or the leftmost of all if every hop is one. Reading stops at
    a hop that is no address: what stands left of it was not written by a proxy that we know.
    """
    if forwarded_for is None or peer not in trusted:
        return plain_address(peer) or peer, forwarded_for is not None
    client = ""
    for hop in reversed(forwarded_for.split(",")):
        address = plain_address(hop)
        if not address:
            break
        client = address
        if "," not in forwarded_for or client not in trusted:
            break
    return client or plain_address(peer), False


def plain_address(text: str) -> str:
    """The address without port, brackets, quotes or zone; an IPv4 address in IPv6 clothes as IPv4; "" if it is none."""
    text = text.strip(' \t"')
    match = _V4(text)
    if match is not None:
        return match[1]
    if ":" not in text:
        return ""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    try:
        parsed = int(IPv6Address(text.partition("%")[0]))
    except AddressValueError:
        return ""
    if parsed >> 32 == 0xFFFF:
        return str(IPv4Address(parsed & 0xFFFFFFFF))
    return text.partition("%")[0].lower()


def network_of(address: str) -> str:
    """What tells one household from another: an IPv4 address as it stands, the first 64 bits of an IPv6 address.

    The same for every way to write an address. Takes what `plain_address` returns, and anything else as it is.
    """
    if ":" not in address:
        return address
    left, _, right = address.partition("::")
    head = left.split(":") if left else []
    tail = right.split(":") if right else []
    groups = head + ["0"] * (8 - len(head) - len(tail)) + tail if "::" in address else head
    return ":".join(group.lstrip("0") or "0" for group in groups[:4])
