"""Sign-In with Ethereum, done by the client itself: nonce, signed message, token, renewal."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from deepsquare.api.errors import SbatchApiBroken
from deepsquare.api.http import Connection, Request, parse_json
from deepsquare.identifiers import Address
from deepsquare.siwe import SiweMessage

STATEMENT = "Use the sbatch API of the DeepSquare Grid."
RENEW_BEFORE_S = 30
"""A token with less life than this is renewed first."""

MESSAGE_LIFE = timedelta(minutes=5)


class MessageSigner(Protocol):
    """An account that signs texts (EIP-191); `deepsquare.keys.Key` is one."""

    @property
    def address(self) -> Address:
        """The account."""

    def sign_message(self, text: str) -> str:
        """Return the signature as 0x and hex digits."""


class SignIn:
    """Keeps a valid token: signs in when there is none, and again shortly before it expires.

    Several tasks may ask at once; only one of them signs in. Tokens last minutes, so that a
    signature is never good for long. Times are the server's, as its answers tell them: a provider
    whose own clock is wrong still gets its scripts (faults.md E1).
    """

    def __init__(
        self,
        connection: Connection,
        signer: MessageSigner,
        *,
        chain_id: int,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._connection = connection
        self._signer = signer
        self._chain_id = chain_id
        self._now_s = now_s
        self._lock = asyncio.Lock()
        self._token = ""
        self._good_until_s = 0.0
        self._server_ahead_s = 0.0

    async def token(self) -> str:
        """Return a token that is good for a while."""
        async with self._lock:
            if self._server_now_s() >= self._good_until_s:
                await self._sign_in()
            return self._token

    def forget(self, token: str) -> None:
        """Drop a token that the server did not accept, so that the next one is new."""
        if token == self._token:
            self._good_until_s = 0.0

    async def _sign_in(self) -> None:
        text = self._message(await self._nonce()).render()
        body = {"message": text, "signature": self._signer.sign_message(text)}
        request = Request(
            "POST",
            "/v1/auth/login",
            headers={"Content-Type": "application/json"},
            content=json.dumps(body).encode(),
            is_repeatable=False,
        )
        answer = parse_json(await self._connection.send(request))
        token = answer.get("token")
        if not isinstance(token, str):
            raise SbatchApiBroken("the sbatch API answered the sign-in without a token")
        self._token = token
        self._good_until_s = _expiry_s(token) - RENEW_BEFORE_S

    async def _nonce(self) -> str:
        response = await self._connection.send(Request("GET", "/v1/auth/nonce"))
        self._server_ahead_s = _date_s(response, default=self._now_s()) - self._now_s()
        nonce = parse_json(response).get("nonce")
        if not isinstance(nonce, str):
            raise SbatchApiBroken("the sbatch API answered no nonce")
        return nonce

    def _server_now_s(self) -> float:
        return self._now_s() + self._server_ahead_s

    def _message(self, nonce: str) -> SiweMessage:
        now = datetime.fromtimestamp(int(self._server_now_s()), UTC)
        return SiweMessage(
            domain=urlsplit(self._connection.base_url).netloc,
            address=self._signer.address,
            uri=self._connection.base_url,
            chain_id=self._chain_id,
            nonce=nonce,
            issued_at=now,
            expiration_time=now + MESSAGE_LIFE,
            statement=STATEMENT,
        )


def _date_s(response: httpx.Response, *, default: float) -> float:
    """Return when an answer was made, by the server's clock (RFC 9110, ``Date``)."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return default


def _expiry_s(token: str) -> float:
    """Return the ``exp`` claim of a JWT; its signature is the server's business."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return float(claims["exp"])
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise SbatchApiBroken("the sbatch API answered a token that is no JWT") from error
