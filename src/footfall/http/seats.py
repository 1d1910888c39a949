"""How many connections that stay open there may be: streams of the live page and sockets of the original's clients together.

All of them are one number to the server in front (its backpressure), so they have one cap, and one per address.
"""

from __future__ import annotations

from collections import Counter

PER_ADDRESS = 100


class Seats:
    """`most` in all. An address is a network as `network_of` writes it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_address: Counter[str] = Counter()
        self.taken = 0

    def take(self, address: str, always: bool = False) -> bool:
        """Take one; False if there is none, unless it has to be given."""
        if not always and (self.taken >= self._most or self._by_address[address] >= PER_ADDRESS):
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
