"""`/v1/auth`: signing in with an Ethereum account."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deepsquare_sbatch_api.app.workflows import rfc3339
from deepsquare_sbatch_api.domain.errors import BadRequest
from deepsquare_sbatch_api.domain.sign_in import SCOPES
from deepsquare_sbatch_api.entrypoints.http.bodies import SMALL
from deepsquare_sbatch_api.entrypoints.http.gates import SIGNING_IN
from deepsquare_sbatch_api.entrypoints.http.openapi import errors, json_body
from deepsquare_sbatch_api.entrypoints.http.services import services_of

router = APIRouter(prefix="/v1/auth", tags=["sign-in"])

_NOT_KEPT = {"Cache-Control": "no-store"}
_HEX = re.compile(r"0x([0-9a-fA-F]{2})+")


class LogIn(BaseModel):
    """A signed sign-in message."""

    model_config = ConfigDict(extra="forbid", strict=True)

    message: str = Field(max_length=4096, description="The text of EIP-4361 that was signed")
    signature: str = Field(
        max_length=8192,
        pattern=_HEX.pattern,
        description="Its signature (EIP-191; any bytes for contract accounts), 0x and hex digits",
    )
    scope: list[str] = Field(
        default_factory=lambda: sorted(SCOPES),
        max_length=10,
        description="What the session shall cover: workflows, scripts, logs",
    )


@router.get("/nonce", dependencies=[Depends(SIGNING_IN)])
async def get_nonce(request: Request, response: Response) -> dict[str, str]:
    """Return a nonce for one sign-in message."""
    response.headers.update(_NOT_KEPT)
    issued = await services_of(request).sign_in.new_nonce()
    return {"nonce": issued.nonce, "expiresAt": rfc3339(issued.expires_at)}


@router.post(
    "/login",
    dependencies=[Depends(SIGNING_IN)],
    openapi_extra=json_body(LogIn.model_json_schema()),
    responses=errors(401, 413),
)
async def log_in(
    request: Request, response: Response, body: Annotated[bytes, Depends(SMALL)]
) -> dict[str, Any]:
    """Check a signed message and return a session token; its nonce cannot be used again."""
    response.headers.update(_NOT_KEPT)
    asked = _parse(body)
    done = await services_of(request).sign_in.log_in(
        asked.message,
        signature=bytes.fromhex(asked.signature[2:]),
        scope=frozenset(asked.scope),
    )
    return {
        "token": done.token,
        "address": done.session.address,
        "scope": sorted(done.session.scope),
        "expiresAt": rfc3339(done.session.expires_at),
    }


def _parse(body: bytes) -> LogIn:
    try:
        asked = LogIn.model_validate_json(body)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        text = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'body'}: {p['msg']}" for p in problems)
        raise BadRequest(text) from None
    if not _HEX.fullmatch(asked.signature) or not SCOPES.issuperset(asked.scope):
        raise BadRequest(f"scope must be some of {', '.join(sorted(SCOPES))}")
    return asked
