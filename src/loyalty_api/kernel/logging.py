"""Structured logs: one JSON object per line on standard error, without bodies, headers or personal data.

What goes wrong again and again (a worker asks for its database several times a second) is written once a minute, with
how often it came in between.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from loyalty_api.kernel.clock import monotonic

REPEATED_SECONDS = 60.0
LINES_REMEMBERED_MAX = 256


class Repeats:
    """A step on a line's way: drops what it let pass less than ``REPEATED_SECONDS`` ago, and counts it."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, int]] = {}  # line → when it was written, and how often it came since

    def __call__(self, _logger: Any, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """The line, or nothing."""
        text, present = repr(line), monotonic()
        written, times = self._seen.get(text, (-math.inf, 0))
        if present < written + REPEATED_SECONDS:
            self._seen[text] = written, times + 1
            raise structlog.DropEvent
        if len(self._seen) >= LINES_REMEMBERED_MAX:
            self._seen.clear()
        self._seen[text] = present, 0
        return {**line, "repeated": times} if times else line


def configure_logging(level: str) -> None:
    """Sets up structlog and routes the standard library's loggers (warnings and above) into it."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
    ]
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        processors=[*shared, Repeats(), stamp, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, stamp], processor=structlog.processors.JSONRenderer()
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one module."""
    return structlog.get_logger(name)
