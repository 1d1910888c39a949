"""For all tests: where FOOTFALL_TESTS_STRICT is set (in CI), a test that would be skipped fails instead; the profile `fast`; and
what tests are marked by their folder, and which stay in one process when several run at a time.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it ships no types

settings.register_profile("fast", max_examples=20, deadline=None)  # for tests/examples.py, and where no number is named

TOGETHER = (
    "tests/browser/",
    "tests/chaos/test_lost_files.py",
    "tests/cluster/",
    "tests/conformance/",
    "tests/golden/test_over_cluster.py",
    "tests/migrate/",
)


MARKED = {  # what everything in a folder needs: a browser, kills, the servers of a cluster
    "tests/browser/": "browser",
    "tests/chaos/": "chaos",
    "tests/cluster/": "cluster",
    "tests/migrate/": "cluster",
    "tests/node/": "cluster",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """script/test goes by marks."""
    for item in items:
        for folder, mark in MARKED.items():
            if item.nodeid.startswith(folder):
                item.add_marker(mark)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """What shares a browser, servers or folders that took long to make runs in one process, one after the other; anything else in
    the one that is free."""

    def _split_scope(self, nodeid: str) -> str:
        return next((shared for shared in TOGETHER if nodeid.startswith(shared)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling | None:
    """That of `--dist loadscope`."""
    return Scheduling(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip says that something is missing; a machine that is there for testing has to have it."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("FOOTFALL_TESTS_STRICT"):
        report.outcome = "failed"
        report.longrepr = f"FOOTFALL_TESTS_STRICT allows no skip: {report.longrepr}"
    return report
