"""The allowance of an address: rate, burst, debt, and bounded memory."""

from __future__ import annotations

import pytest

from footfall.http.allowance import CAP, Allowance


def test_a_burst_is_free_and_the_rate_refills_it() -> None:
    """Ten at once pass at rate 1 and burst 10, the next waits exactly until one has come back."""
    allowance = Allowance(rate=1, burst=10)
    for _ in range(11):  # the eleventh is taken while there is still a rest of nothing: wait() says so before each
        if allowance.wait("a", 100.0):
            break
        allowance.take("a", 100.0)
    assert allowance.wait("a", 100.0) == 1.0
    assert allowance.wait("a", 101.0) == 0.0
    assert allowance.wait("b", 100.0) == 0.0


def test_debt_is_paid_back_in_time() -> None:
    """Whoever takes a hundred with a burst of ten waits until all but the burst has been refilled."""
    allowance = Allowance(rate=10, burst=10)
    allowance.take("a", 0.0, 100)
    assert allowance.wait("a", 0.0) == 9.0
    assert allowance.wait("a", 8.5) == 0.5
    assert allowance.wait("a", 9.0) == 0.0


def test_many_addresses_do_not_fill_the_memory() -> None:
    """However many addresses come, two generations are kept; a recent one is still limited after a turn-over."""
    allowance = Allowance(rate=1, burst=2)
    allowance.take("busy", 0.0, 1_000)
    for number in range(3 * CAP):
        allowance.take(str(number), 0.0)
        if number % 1_000 == 0:
            allowance.take("busy", 0.0)
    assert len(allowance) <= 2 * (CAP + 1)
    assert allowance.wait("busy", 0.0) > 0


def test_what_is_given_back_was_never_used() -> None:
    """However often: a right password in between costs nothing."""
    allowance = Allowance(rate=0.001, burst=3)
    for _ in range(100):
        allowance.take("a", 5.0)
        allowance.take("a", 5.0, -1)
    for _ in range(3):
        assert allowance.wait("a", 5.0) == 0
        allowance.take("a", 5.0)
    allowance.take("a", 5.0)
    assert allowance.wait("a", 5.0) == pytest.approx(1000)
