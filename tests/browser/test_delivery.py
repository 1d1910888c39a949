"""The script when the network or the server fails it: everything arrives once, nothing waits for ever."""

from __future__ import annotations

import pytest

from .conftest import NOTHING, Collector, Open, Watch, Website, leave, push, run, stored, until

SERVER_ERROR = r"status of (429|503)"
OFFLINE = r"net::ERR_INTERNET_DISCONNECTED"


@pytest.fixture(autouse=True)
def carried(website: Website, collector: Collector) -> None:
    """Every page of the website tells the collector."""
    website.carry(collector.address, "blog")


@pytest.mark.parametrize("statuses", [[503, 503], [429]])
def test_retried(statuses: list[int], website: Website, collector: Collector, person: Open, watch: Watch) -> None:
    """What a server could not take comes again, under the same id, older by what passed."""
    watch.allowed.append(SERVER_ERROR)
    collector.statuses = [*statuses]
    page = person().new_page()
    page.goto(f"{website.address}/a")
    until(lambda: len(collector.requests) > len(statuses))
    assert [answer for answer, _ in collector.requests] == [*statuses, 204]
    views = [fact for fact in collector.facts if fact["k"] == "view"]
    assert len({fact["i"] for fact in views}) == 1
    ages = [fact["a"] for fact in views]
    assert ages == sorted(set(ages))
    push(page, "/b")
    until(lambda: collector.told("view") == ["/a", "/b"])


def test_refused(website: Website, collector: Collector, person: Open, watch: Watch) -> None:
    """What was refused for good does not come again, nor what was accepted beside it."""
    watch.allowed.append(r"status of 400")
    collector.statuses = [204, 400]
    page = person().new_page()
    page.goto(f"{website.address}/a")
    until(lambda: len(collector.requests) == 1)
    push(page, "/b")
    until(lambda: len(collector.requests) == 2)
    page.evaluate("footfall('after')")
    until(lambda: len(collector.requests) == 3)
    assert [fact["k"] for fact in collector.requests[2][1]] == ["event"]


def test_offline_and_back(website: Website, collector: Collector, person: Open, watch: Watch) -> None:
    """Everything that happened without a network arrives once, as old as it is; of the beats nothing is kept."""
    watch.allowed.append(OFFLINE)
    context = person()
    context.clock.install()
    page = context.new_page()
    page.goto(f"{website.address}/a")
    run(context, 1)
    until(lambda: collector.told("view") == ["/a"])
    context.set_offline(True)
    push(page, "/b")
    run(context, 1)
    page.evaluate("footfall('buy', {n: 1})")
    run(context, 90)
    assert len(collector.facts) == 1
    assert stored(page) == NOTHING
    context.set_offline(False)
    run(context, 60)
    until(lambda: len(collector.told("event")) == 1)
    late = [fact for fact in collector.facts[1:] if fact["k"] != "beat"]
    assert [fact["k"] for fact in late] == ["leave", "view", "event"]
    assert all(88_000 <= fact["a"] <= 160_000 for fact in late)
    assert all(fact["a"] < 10_000 for fact in collector.facts if fact["k"] == "beat")


def test_what_waits_is_bounded(website: Website, collector: Collector, person: Open, watch: Watch) -> None:
    """A hundred facts wait at most."""
    watch.allowed.append(OFFLINE)
    context = person()
    context.clock.install()
    page = context.new_page()
    page.goto(f"{website.address}/a")
    run(context, 1)
    until(lambda: collector.told("view") == ["/a"])
    context.set_offline(True)
    page.evaluate("for (let n = 0; n < 150; n++) footfall('n' + n)")
    page.evaluate("hide(true)")  # no beat any more: only what waits is sent
    context.set_offline(False)
    run(context, 60)
    until(lambda: any(fact.get("n") == "n149" for fact in collector.facts))
    names = [fact["n"] for fact in collector.facts if fact["k"] == "event"]
    assert 95 <= len(names) <= 100  # a beat may stand among them
    assert names == [f"n{n}" for n in range(150 - len(names), 150)]


def test_what_waits_grows_too_old(website: Website, collector: Collector, person: Open, watch: Watch) -> None:
    """Nothing is sent that is older than the half hour that the server takes."""
    watch.allowed.append(OFFLINE)
    context = person()
    context.clock.install()
    page = context.new_page()
    page.goto(f"{website.address}/a")
    run(context, 1)
    until(lambda: collector.told("view") == ["/a"])
    context.set_offline(True)
    page.evaluate("footfall('old')")
    context.clock.fast_forward(29 * 60_000)
    page.evaluate("footfall('young')")
    context.clock.fast_forward(2 * 60_000)
    context.set_offline(False)
    run(context, 60)
    until(lambda: collector.told("event"))
    assert [fact["n"] for fact in collector.facts if fact["k"] == "event"] == ["young"]


def test_pending_goes_with_the_leave(website: Website, collector: Collector, person: Open, watch: Watch) -> None:
    """Closing the tab hands over what is still waiting for an answer."""
    watch.allowed.append(SERVER_ERROR)
    collector.statuses = [503]
    page = person().new_page()
    page.goto(f"{website.address}/a")
    until(lambda: collector.requests)
    leave(page)
    until(lambda: "leave" in [fact["k"] for fact in collector.facts])
    delivered = {fact["i"] for status, facts in collector.requests if status == 204 for fact in facts}
    assert {fact["i"] for fact in collector.facts} == delivered
