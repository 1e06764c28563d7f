"""What the sbatch API refuses and what it may lack; kinds as in `deepsquare.errors`."""

from datetime import timedelta
from typing import ClassVar

from deepsquare.errors import Refused, Unavailable


class BadRequest(Refused):
    """The request is not understood: a header, a parameter or the body's form is wrong."""

    code = "bad_request"


class SignInRefused(Refused):
    """The sign-in message or its signature does not hold."""

    code = "sign_in_refused"


class NotSignedIn(Refused):
    """The request carries no valid session token and needs one."""

    code = "not_signed_in"


class NotAllowed(Refused):
    """The session token does not cover what was asked."""

    code = "not_allowed"


class NotFound(Refused):
    """There is no such thing, or the caller may not know of it: the two answers are the same."""

    code = "not_found"

    def __init__(self, what: str) -> None:
        super().__init__(f"no such {what}, or it is not yours")


class RequestKeyReused(Refused):
    """An Idempotency-Key came again with another body."""

    code = "request_key_reused"

    def __init__(self) -> None:
        super().__init__(
            "this Idempotency-Key was used with another workflow: make a new key for each one"
        )


class ScriptInUse(Refused):
    """A script cannot go while a hot job refers to it."""

    code = "script_in_use"

    def __init__(self) -> None:
        super().__init__("a job that has not ended refers to this script: cancel the job first")


class LogOffsetConflict(Refused):
    """An append does not continue the log; ``details.size`` is where the next one must start."""

    code = "log_offset_conflict"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the log has {size} bytes: append there, or repeat what it holds",
            details={"size": size},
        )


class LogEnded(Refused):
    """The log was marked as ended; ``details.size`` is its size."""

    code = "log_ended"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the log ended at {size} bytes: nothing can be added", details={"size": size}
        )


class TooLarge(Refused):
    """The body is larger than the route takes."""

    code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes", details={"limit": limit})


class TooMany(Refused):
    """The caller sends requests faster than allowed."""

    code = "too_many_requests"
    retryable: ClassVar[bool] = True

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"too many requests: wait {wait.total_seconds():.0f} s")
        self.wait = wait


class TooBusy(Unavailable):
    """As many followers as this replica takes are connected."""

    code = "too_busy"

    def __init__(self) -> None:
        super().__init__("too many logs are being followed here: try again later")


class StoreUnavailable(Unavailable):
    """The store of scripts or logs does not answer."""

    code = "store_unavailable"


class ChainUnavailable(Unavailable):
    """The chain does not answer, or its newest block is too old to decide anything."""

    code = "chain_unavailable"
