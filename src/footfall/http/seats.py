"""How many connections that stay open there may be: streams of the live page and sockets of the original's clients together.

All of them are one number to the server in front (its backpressure), so they have one cap. Each kind has one per address.
"""

from __future__ import annotations

from collections import Counter

STREAMS_PER_ADDRESS = 100
SOCKETS_PER_ADDRESS = 1_000  # more: each reader of a site has one, and without it is not counted


class Seats:
    """`most` in all. An address is a network as `network_of` writes it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_address: Counter[str] = Counter()
        self.taken = 0

    def take(self, address: str, most: int, always: bool = False) -> bool:
        """Take one; False if there is none, or `most` are taken by this address, unless it has to be given in any case."""
        if not always and (self.taken >= self._most or self._by_address[address] >= most):
            return False
        self.taken += 1
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Give one back."""
        self.taken -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
