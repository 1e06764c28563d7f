"""Sign-In with Ethereum over HTTP; every field is checked (faults.md G12)."""

from datetime import timedelta
from typing import Any

import pytest
from tests.sbatch_api.doubles import ALICE, BOB, NOON
from tests.sbatch_api.http import Api

from deepsquare.identifiers import Address


async def log_in(api: Api, message: str, signer: Address = ALICE, **extra: Any) -> Any:
    body = {"message": message, "signature": signer.lower(), **extra}
    async with api.client() as client:
        return await client.post("/v1/auth/login", json=body)


async def new_nonce(api: Api) -> str:
    async with api.client() as client:
        return str((await client.get("/v1/auth/nonce")).json()["nonce"])


async def test_nonce__asked_for__lasts_five_minutes(api: Api) -> None:
    async with api.client() as client:
        answer = (await client.get("/v1/auth/nonce")).json()
    assert answer["expiresAt"] == "2026-03-01T12:05:00Z"
    assert len(answer["nonce"]) == 32


async def test_log_in__right_message__gives_a_token_that_works(api: Api) -> None:
    answer = (await log_in(api, api.message(ALICE, await new_nonce(api)))).json()
    assert answer["address"] == ALICE
    assert answer["scope"] == ["logs", "scripts", "workflows"]
    assert answer["expiresAt"] == "2026-03-01T12:15:00Z"
    async with api.client() as client:
        bearer = {"Authorization": f"Bearer {answer['token']}"}
        sent = await client.post("/v1/workflows", content=b"x", headers=bearer)
    assert sent.status_code == 201


async def test_log_in__same_message_again__is_refused(api: Api) -> None:
    message = api.message(ALICE, await new_nonce(api))
    assert (await log_in(api, message)).status_code == 200
    again = await log_in(api, message)
    assert again.status_code == 401
    assert again.json()["message"] == "the nonce is unknown, used or expired: ask for a new one"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"domain": "evil.test"}, "the domain of the sign-in message must be api.test"),
        ({"uri": "http://evil.test"}, "the URI of the sign-in message must be http://api.test"),
        ({"chain_id": 1}, "the chain id of the sign-in message must be 1337"),
        ({"issued_at": NOON + timedelta(minutes=2)}, "issued in the future: set your clock"),
        ({"issued_at": NOON - timedelta(minutes=7)}, "too old: ask for a new nonce"),
        ({"expiration_time": NOON}, "has expired: ask for a new nonce"),
        ({"not_before": NOON + timedelta(seconds=1)}, "is not valid yet"),
        ({"nonce": "0123456789abcdef"}, "the nonce is unknown, used or expired"),
        ({"address": BOB}, "the signature is not by the address"),
    ],
)
async def test_log_in__one_field_wrong__is_refused(
    api: Api, changes: dict[str, Any], complaint: str
) -> None:
    message = api.message(ALICE, **({"nonce": await new_nonce(api)} | changes))
    answer = await log_in(api, message)
    assert answer.status_code == 401
    assert complaint in answer.json()["message"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_log_in__wrong_signature__does_not_use_the_nonce_up(api: Api) -> None:
    message = api.message(ALICE, await new_nonce(api))
    assert (await log_in(api, message, signer=BOB)).status_code == 401
    assert (await log_in(api, message)).status_code == 200


async def test_log_in__nonce_expired__is_refused(api: Api) -> None:
    nonce = await new_nonce(api)
    api.clock.step(minutes=5)
    assert (await log_in(api, api.message(ALICE, nonce))).status_code == 401


async def test_log_in__version_2__is_refused(api: Api) -> None:
    message = api.message(ALICE, await new_nonce(api)).replace("Version: 1", "Version: 2")
    answer = await log_in(api, message)
    assert answer.status_code == 400
    assert "Version" in answer.json()["message"]


async def test_log_in__less_scope__covers_no_more(api: Api) -> None:
    message = api.message(ALICE, await new_nonce(api))
    token = (await log_in(api, message, scope=["logs"])).json()["token"]
    async with api.client() as client:
        bearer = {"Authorization": f"Bearer {token}"}
        answer = await client.post("/v1/workflows", content=b"x", headers=bearer)
    assert answer.status_code == 403
    assert answer.json()["message"] == 'this session does not cover "workflows": sign in for it'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"message": 1, "signature": "0x00"}',
        b'{"message": "x", "signature": "zz"}',
        b'{"message": "x", "signature": "0x00", "scope": ["admin"]}',
        b'{"message": "x", "signature": "0x00", "more": 1}',
    ],
)
async def test_log_in__malformed_body__is_400(api: Api, body: bytes) -> None:
    async with api.client() as client:
        answer = await client.post("/v1/auth/login", content=body)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("bad_request", "invalid_siwe_message")


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer x.y.z", "Basic YTpi", "Bearer " + "a" * 5000, "nonsense"]
)
async def test_token__malformed__is_401(api: Api, value: str) -> None:
    async with api.client() as client:
        answer = await client.get("/v1/scripts/x", headers={"Authorization": value})
    assert answer.status_code == 401


async def test_token__expired__is_401(api: Api) -> None:
    async with api.client(ALICE) as client:
        api.clock.step(minutes=15)
        answer = await client.get("/v1/scripts/x")
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"


async def test_token__of_another_service_with_the_same_key__is_401(api: Api) -> None:
    from tests.sbatch_api.http import ALL, KEYS

    from deepsquare_sbatch_api.adapters.tokens import JwtTokens
    from deepsquare_sbatch_api.ports.sessions import Session

    other = JwtTokens(KEYS, issuer="http://other.test")
    token = other.issue(Session(ALICE, ALL, NOON + timedelta(minutes=5)))
    async with api.client() as client:
        answer = await client.get("/v1/scripts/x", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_sign_in__with_a_stale_token__is_possible(api: Api) -> None:
    async with api.client(ALICE) as client:
        api.clock.step(minutes=15)
        nonce = await client.get("/v1/auth/nonce")
        message = api.message(ALICE, nonce.json()["nonce"])
        body = {"message": message, "signature": ALICE}
        signed_in = await client.post("/v1/auth/login", json=body)
        checked = await client.post("/v1/workflows:validate", content=b"x")
        kept = await client.post("/v1/workflows", content=b"x")
    answers = (nonce, signed_in, checked, kept)
    assert [answer.status_code for answer in answers] == [200, 200, 200, 401]


async def test_sign_in__answers__are_not_kept_by_caches(api: Api) -> None:
    async with api.client() as client:
        nonce = await client.get("/v1/auth/nonce")
    signed_in = await log_in(api, api.message(ALICE, nonce.json()["nonce"]))
    assert nonce.headers["Cache-Control"] == signed_in.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("spelt", [ALICE.lower(), "0x" + ALICE[2:].upper()])
async def test_log_in__address_without_checksum__is_answered_with_it(api: Api, spelt: str) -> None:
    message = api.message(ALICE, await new_nonce(api)).replace(ALICE, spelt)
    answer = await log_in(api, message)
    assert answer.status_code == 200, answer.text
    assert answer.json()["address"] == ALICE


async def test_log_in__wrong_checksum__is_refused(api: Api) -> None:
    wrong = "0x" + ALICE[2:].swapcase()
    answer = await log_in(api, api.message(ALICE, await new_nonce(api)).replace(ALICE, wrong))
    assert answer.status_code == 400
    assert "checksum" in answer.json()["message"]
