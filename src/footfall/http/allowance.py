"""How much one address may do: a rate with a burst, kept as one number per address, forgotten when it is full again.

It has no clock (`now` is an argument, in seconds) and knows no request.
"""

from __future__ import annotations

CAP = 50_000  # addresses of one generation; past it the oldest are forgotten early, never refused


class Allowance:
    """`rate` units a second, `burst` at once. An address that asks for more than is left goes into debt, once.

    Per address only the time at which it will have its whole burst again is kept. Two generations of them, turned over
    when one burst has passed, bound the memory: what falls out had its burst back.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._span = burst / rate  # seconds until an empty allowance is full
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}
        self._turned = 0.0

    def wait(self, address: str, now: float) -> float:
        """Seconds until this address may do something, 0 if it may now."""
        full = self._young.get(address) or self._old.get(address, 0.0)
        return max(0.0, full - now - self._span)

    def spend(self, address: str, now: float, units: int = 1) -> float:
        """Use `units` if this address may do something now, and return 0; else the seconds until it may."""
        full = self._young.get(address) or self._old.get(address, 0.0)
        wait = full - now - self._span
        if wait > 0:
            return wait
        self._use(address, full, now, units)
        return 0.0

    def take(self, address: str, now: float, units: int = 1) -> None:
        """Use `units`, whether they are there or not; give some back that were used a moment ago if `units` is below 0."""
        self._use(address, self._young.get(address) or self._old.get(address, 0.0), now, units)

    def _use(self, address: str, full: float, now: float, units: int) -> None:
        self._young[address] = max(full, now) + units / self._rate
        if len(self._young) > CAP or now - self._turned > 2 * self._span:
            self._old, self._young, self._turned = self._young, {}, now

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
