"""Structured events on standard error: JSON lines, or readable ones on a terminal."""

import logging
import sys

import structlog
from structlog.typing import Processor

_EVERY_EVENT: tuple[Processor, ...] = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
)


def configure_logs(level: str) -> None:
    """Set up structlog, and the libraries' own messages from warnings up, in one stream."""
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*_EVERY_EVENT, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter_of_libraries(renderer))
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING))
    for name in ("uvicorn.error", "asyncio"):
        logging.getLogger(name).addFilter(_without_trace)


def formatter_of_libraries(renderer: Processor) -> logging.Formatter:
    """Return what writes messages of libraries in the same form as our events."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_EVERY_EVENT, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def _without_trace(record: logging.LogRecord) -> bool:
    """Keep only the kind of an error that a library reports: its text may be a customer's."""
    if record.exc_info and record.exc_info[0]:
        record.msg = f"{record.getMessage().strip()}: {record.exc_info[0].__name__}"
        record.args = ()
        record.exc_info = record.exc_text = None
    return True
