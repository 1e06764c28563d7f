"""Errors of the sbatch API's client.

    Refused
    ├── SignInRequired         the route needs a key and none is given
    ├── SignInRefused          the sign-in, or the session, was not accepted
    ├── AccessRefused          signed in, but this is not allowed
    ├── NotFound               no such script or log, or not for this account
    ├── IdempotencyConflict    the same key was used before with another document
    ├── LogOffsetConflict      bytes of a log that do not follow what is stored; has the size
    ├── LogEnded               bytes for a log that was marked as complete; has the size
    ├── ScriptInUse            a script that a hot job refers to cannot go
    ├── TooLarge               the body is above the server's limit
    └── RequestRefused         any other refusal
    Unavailable
    ├── SbatchApiUnavailable   no answer, or an answer that it cannot serve now
    └── TooManyRequests        the rate limit; says when to come back
    Broken
    └── SbatchApiBroken        an answer that is none of the interface

An invalid workflow is `deepsquare.workflow.WorkflowInvalid`.
"""

from deepsquare.errors import Broken, Refused, Unavailable


class SignInRequired(Refused):
    """The request needs a signed-in account, and the client has no key."""

    code = "sign_in_required"

    def __init__(self) -> None:
        super().__init__(
            "this needs a key to sign in with: make one with `deepsquare wallet create`, "
            "or set DEEPSQUARE_PRIVATE_KEY_FILE"
        )


class SignInRefused(Refused):
    """The sbatch API did not accept the sign-in."""

    code = "sign_in_refused"


class AccessRefused(Refused):
    """The account may not do this."""

    code = "access_refused"


class NotFound(Refused):
    """There is no such script or log, or not for this account: the server does not tell which."""

    code = "not_found"


class IdempotencyConflict(Refused):
    """The idempotency key was used before with another document."""

    code = "request_key_reused"


class LogOffsetConflict(Refused):
    """The bytes do not follow what is stored of the log, which is ``size`` bytes long."""

    code = "log_offset_conflict"

    def __init__(self, message: str, *, size: int) -> None:
        super().__init__(message, details={"size": size})
        self.size = size


class LogEnded(Refused):
    """The log was marked as complete at ``size`` bytes; nothing can be added."""

    code = "log_ended"

    def __init__(self, message: str, *, size: int) -> None:
        super().__init__(message, details={"size": size})
        self.size = size


class ScriptInUse(Refused):
    """A hot job refers to the script."""

    code = "script_in_use"


class TooLarge(Refused):
    """The body is above the server's limit."""

    code = "too_large"


class RequestRefused(Refused):
    """The sbatch API refused for a reason without a class of its own; see the message."""

    code = "request_refused"


class SbatchApiUnavailable(Unavailable):
    """The sbatch API cannot be reached, or cannot serve now."""

    code = "sbatch_api_unavailable"


class TooManyRequests(Unavailable):
    """The rate limit is reached; ``retry_after_s`` says when to come back."""

    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message, details={"retry_after_s": retry_after_s})
        self.retry_after_s = retry_after_s


class SbatchApiBroken(Broken):
    """The sbatch API answered something that is not in its interface."""

    code = "sbatch_api_broken"
