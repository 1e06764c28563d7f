"""The exit codes that all programs of the grid share, by the kind of error that ends them."""

from deepsquare.errors import DeepSquareError, Refused, Unavailable

BROKEN = 1
REFUSED = 2
UNAVAILABLE = 7


def exit_code_of_kind(error: DeepSquareError) -> int:
    """Return the exit code of an error that has none of its own."""
    if isinstance(error, Refused):
        return REFUSED
    return UNAVAILABLE if isinstance(error, Unavailable) else BROKEN
