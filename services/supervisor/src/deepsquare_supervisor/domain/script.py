"""What a batch script's header tells (workflow.md W-REN-2)."""

LOGGING_ON = b"# logging: on"
_HEADER_LINES = 4


def is_logged(script: bytes) -> bool:
    """Tell whether the output is to be shipped: exactly ``# logging: on`` among the first lines."""
    return LOGGING_ON in script.split(b"\n", _HEADER_LINES)[:_HEADER_LINES]
