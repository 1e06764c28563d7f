"""How events are written: JSON for machines, or readable on a terminal; always to stderr."""

import logging
import sys

import structlog


def configure_logging(style: str) -> None:
    """Set structlog up; foreign libraries are heard from WARNING on."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    renderer = (
        structlog.dev.ConsoleRenderer()
        if style == "terminal"
        else structlog.processors.JSONRenderer()
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
