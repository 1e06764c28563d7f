"""Answers with a status from 400 as errors: one table."""

from collections.abc import Mapping
from typing import Any

import httpx

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
    TooLarge,
    TooManyRequests,
)
from deepsquare.errors import DeepSquareError, Refused

AWAY = frozenset({502, 503, 504})
"""Statuses that say that the server, or what it needs, is away."""

DEFAULT_RETRY_AFTER_S = 1.0


def failure(response: httpx.Response) -> DeepSquareError:
    """Return the error that an answer with a status from 400 stands for."""
    body = _error_body(response)
    message = str(body.get("message") or f"the sbatch API answered {response.status_code}")
    status = response.status_code
    if status == 429:
        return TooManyRequests(message, retry_after_s=_retry_after_s(response))
    if status in AWAY:
        return SbatchApiUnavailable(f"the sbatch API cannot serve now: {message}")
    if status == 422:
        return _invalid_workflow(body, message)
    if status >= 500:
        return SbatchApiBroken(f"the sbatch API failed: {message}")
    return _refusal(body, message, status)


def _refusal(body: Mapping[str, Any], message: str, status: int) -> DeepSquareError:
    details = _details(body)
    if sized := _SIZED.get(str(body.get("code"))):
        return sized(message, size=int(details.get("size", 0)))
    kind = _BY_CODE.get(str(body.get("code"))) or _BY_STATUS.get(status, RequestRefused)
    return kind(message, details={**details, "status": status})


_BY_CODE: dict[str, type[Refused]] = {
    "request_key_reused": IdempotencyConflict,
    "script_in_use": ScriptInUse,
}
_SIZED: dict[str, type[LogOffsetConflict] | type[LogEnded]] = {
    "log_offset_conflict": LogOffsetConflict,
    "log_ended": LogEnded,
}
_BY_STATUS: dict[int, type[Refused]] = {
    401: SignInRefused,
    403: AccessRefused,
    404: NotFound,
    413: TooLarge,
}


def _invalid_workflow(body: Mapping[str, Any], message: str) -> DeepSquareError:
    details = body.get("details")
    if not isinstance(details, list) or not details:
        return RequestRefused(message)
    from deepsquare.api.workflow_errors import to_workflow_invalid  # noqa: PLC0415 - loads YAML

    return to_workflow_invalid(details)


def _error_body(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, Mapping) else {}


def _details(body: Mapping[str, Any]) -> dict[str, Any]:
    details = body.get("details")
    return dict(details) if isinstance(details, Mapping) else {}


def _retry_after_s(response: httpx.Response) -> float:
    try:
        return max(0.0, float(response.headers.get("Retry-After", DEFAULT_RETRY_AFTER_S)))
    except ValueError:
        return DEFAULT_RETRY_AFTER_S
