"""How the process logs: one stream (stderr), one shape, for people on a terminal and as JSON lines everywhere else.

Everyone else only says `structlog.get_logger(...)`; what other libraries log with the standard module comes out the same way.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO

import structlog
from structlog.typing import Processor

SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def set_up(log_format: str, stream: TextIO = sys.stderr) -> None:
    """Configure logging of the whole process; `log_format` is "auto", "console" or "json"."""
    for_people = log_format == "console" or (log_format == "auto" and stream.isatty())
    finish: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if for_people:
        finish.append(structlog.dev.ConsoleRenderer(colors=stream.isatty() and "NO_COLOR" not in os.environ, pad_event_to=0))
    else:
        without_values = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)  # they are readers' and owners'
        finish += [structlog.processors.ExceptionRenderer(without_values), structlog.processors.JSONRenderer()]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=finish, foreign_pre_chain=SHARED))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every request, with its whole address
    last = structlog.stdlib.ProcessorFormatter.wrap_for_formatter
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *SHARED, last],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # loggers are made at import, before this runs
    )
