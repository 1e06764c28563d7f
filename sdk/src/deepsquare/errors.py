"""The one error tree of the grid.

    DeepSquareError            code, message, details, retryable
    ├── Refused                the caller's fault; the message says how to mend it
    ├── Unavailable            something is away; trying again later may work (retryable)
    └── Broken                 a bug or a broken promise; loud

Every concrete class carries a unique, stable ``code``. Adapters raise subclasses of one of the
three kinds ``from`` the foreign error; entrypoints map kinds and codes to HTTP statuses and exit
codes.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class DeepSquareError(Exception):
    """Any error of the grid: one sentence for people, a code and details for programs."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = dict(details or {})


class Refused(DeepSquareError):
    """The request cannot be served as it is; the caller can mend it."""

    code = "refused"


class Unavailable(DeepSquareError):
    """A part the request needs is away; the same request may work later."""

    code = "unavailable"
    retryable = True


class Broken(DeepSquareError):
    """Something that must not happen has happened."""

    code = "broken"
