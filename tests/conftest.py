"""For all tests: where FOOTFALL_TESTS_STRICT is set (in CI), a test that would be skipped fails instead; the profile `fast`."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("fast", max_examples=20, deadline=None)  # for tests/examples.py, and where no number is named


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip says that something is missing; a machine that is there for testing has to have it."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("FOOTFALL_TESTS_STRICT"):
        report.outcome = "failed"
        report.longrepr = f"FOOTFALL_TESTS_STRICT allows no skip: {report.longrepr}"
    return report
