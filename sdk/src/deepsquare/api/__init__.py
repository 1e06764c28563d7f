"""The HTTP client of the sbatch API: workflows, scripts and logs (api.md 1)."""

from deepsquare.api.answers import (
    LogChunk,
    LogSize,
    RenderedWorkflow,
    Resources,
    StoredWorkflow,
    Validation,
)
from deepsquare.api.auth import MessageSigner
from deepsquare.api.client import MAX_APPEND_BYTES, SbatchApi, new_idempotency_key
from deepsquare.api.errors import (
    AccessRefused,
    IdempotencyConflict,
    LogEnded,
    LogOffsetConflict,
    NotFound,
    RequestRefused,
    SbatchApiBroken,
    SbatchApiUnavailable,
    ScriptInUse,
    SignInRefused,
    SignInRequired,
    TooLarge,
    TooManyRequests,
)

__all__ = [
    "MAX_APPEND_BYTES",
    "AccessRefused",
    "IdempotencyConflict",
    "LogChunk",
    "LogEnded",
    "LogOffsetConflict",
    "LogSize",
    "MessageSigner",
    "NotFound",
    "RenderedWorkflow",
    "RequestRefused",
    "Resources",
    "SbatchApi",
    "SbatchApiBroken",
    "SbatchApiUnavailable",
    "ScriptInUse",
    "SignInRefused",
    "SignInRequired",
    "StoredWorkflow",
    "TooLarge",
    "TooManyRequests",
    "Validation",
    "new_idempotency_key",
]
