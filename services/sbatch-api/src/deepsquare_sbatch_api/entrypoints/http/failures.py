"""Errors as answers: one table from codes to statuses, one body for all."""

import json
import math
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from deepsquare.errors import Broken, DeepSquareError, Refused, Unavailable
from deepsquare.workflow import WorkflowInvalid
from deepsquare_sbatch_api.domain.errors import TooMany

STATUS_BY_CODE = {
    "invalid_workflow": 422,
    "sign_in_refused": 401,
    "not_signed_in": 401,
    "not_allowed": 403,
    "not_found": 404,
    "request_key_reused": 409,
    "script_in_use": 409,
    "log_offset_conflict": 409,
    "log_ended": 409,
    "too_large": 413,
    "range_not_satisfiable": 416,
    "too_many_requests": 429,
}
"""Statuses of refusals; every other refusal is 400, what is away 503, a bug 500."""

RETRY_AFTER_S = 5
"""What a client is told to wait when a store or the chain is away."""

_log = structlog.get_logger()


class AsciiJson(JSONResponse):
    """JSON in ASCII: an answer may quote halves of surrogate pairs, which UTF-8 does not have."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON value
        """Return the body."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def install(app: FastAPI) -> None:
    """Answer every error with the body `{code, message, details}`."""
    app.add_exception_handler(DeepSquareError, _known)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _routing)
    app.add_exception_handler(Exception, _unknown)


def status_of(error: DeepSquareError) -> int:
    """Return the status an error is answered with."""
    if isinstance(error, Unavailable):
        return 503
    if isinstance(error, Broken):
        return 500
    return STATUS_BY_CODE.get(error.code, 400)


def answer(
    status: int, *, code: str, message: str, details: object = None, **headers: str
) -> JSONResponse:
    """Return an error's answer."""
    body = {"code": code, "message": message, "details": details or {}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return AsciiJson(body, status, headers=named)


async def _known(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DeepSquareError)  # noqa: S101 - registered for this class
    status = status_of(error)
    if status >= 500:
        _log.error("request_failed", code=error.code, status=status, why=error.message)
    return answer(
        status,
        code=error.code,
        message=_message(error, status),
        details=details_of(error),
        **_headers(error, status),
    )


def details_of(error: DeepSquareError) -> object:
    """Return the details of an error; for a workflow the list of its problems."""
    if isinstance(error, WorkflowInvalid):
        return [problem.as_dict() for problem in error.errors]
    return error.details if isinstance(error, Refused) else {}


def _message(error: DeepSquareError, status: int) -> str:
    return "something went wrong here; it has been logged" if status == 500 else error.message


def _headers(error: DeepSquareError, status: int) -> Mapping[str, str]:
    if isinstance(error, TooMany):
        return {"Retry_After": str(max(1, math.ceil(error.wait.total_seconds())))}
    if status == 503:
        return {"Retry_After": str(RETRY_AFTER_S)}
    if status == 401:
        return {"WWW_Authenticate": "Bearer"}
    if status == 416:
        return {"Content_Range": f"bytes */{error.details.get('size', 0)}"}
    return {}


async def _misread(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    problems = [
        {"field": ".".join(map(str, problem["loc"])), "message": problem["msg"]}
        for problem in error.errors()
    ]
    message = "; ".join(f"{problem['field']}: {problem['message']}" for problem in problems)
    return answer(400, code="bad_request", message=message, details=_listed(problems))


def _listed(problems: list[dict[str, str]]) -> dict[str, Any]:
    return {"problems": problems}


async def _routing(_: Request, error: Exception) -> JSONResponse:
    """Answer what the router refuses: an unknown path, or a method that a path does not have."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    code = "not_found" if error.status_code == 404 else "bad_request"
    response = answer(error.status_code, code=code, message=str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _unknown(_: Request, error: Exception) -> JSONResponse:
    """Answer a bug; its message may hold a customer's text, so only its kind and place are told."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
    _log.error("request_broke", kind=type(error).__name__, where=where)
    return answer(500, code="broken", message="something went wrong here; it has been logged")
