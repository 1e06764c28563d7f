"""Structured events on standard error: JSON lines, or readable ones on a terminal."""

import logging
import sys

import structlog


def configure_logs(level: str) -> None:
    """Set up structlog, and the libraries' own messages from warnings up, in one stream."""
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=max(number, logging.WARNING))
    logging.getLogger("uvicorn.error").addFilter(_without_trace)


def _without_trace(record: logging.LogRecord) -> bool:
    """Keep only the kind of an error that the web server reports: its text may be a customer's."""
    if record.exc_info and record.exc_info[0]:
        record.msg = f"{record.getMessage().strip()}: {record.exc_info[0].__name__}"
        record.args = ()
        record.exc_info = record.exc_text = None
    return True
