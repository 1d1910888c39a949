"""What a log line says, and what it must not."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from footfall.logs import set_up


@pytest.fixture
def restored() -> Iterator[None]:
    """Logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("restored")
def test_tracebacks_carry_no_values() -> None:
    """A fault tells where it was, never what the variables held: these are readers' addresses and owners' keys."""
    out = io.StringIO()
    set_up("json", out)

    def broken(address: str) -> None:
        raise ValueError("a fault")

    try:
        broken("203.0.113" + ".77")
    except ValueError:
        structlog.get_logger("test").exception("a request failed")
    told = json.loads(out.getvalue())
    assert told["event"] == "a request failed"
    assert told["exception"][0]["frames"][-1]["name"] == "broken"
    assert "203.0.113.77" not in out.getvalue()
