"""How events are written: JSON for machines, or readable on a terminal; always to stderr."""

import logging
import sys
from typing import Literal

import structlog


def configure_logging(form: Literal["auto", "json", "terminal"]) -> None:
    """Set structlog up; foreign libraries are heard from WARNING on."""
    is_for_people = sys.stderr.isatty() if form == "auto" else form == "terminal"
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    renderer = (
        structlog.dev.ConsoleRenderer() if is_for_people else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
