"""Signing in is done by the client itself, and again when it has to be."""

from datetime import timedelta
from email.utils import formatdate

import httpx
import pytest
from tests.sdk.api.fake_sbatch_api import FakeSbatchApi, answers

from deepsquare.api import SbatchApi, SignInRefused, SignInRequired
from deepsquare.keys import Key, new_key
from deepsquare.siwe import parse_siwe
from deepsquare.testing import a_job_id

JOB = a_job_id()
LOGIN = "POST /v1/auth/login"


def texts_signed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets every text that a key signs from now on."""
    signed: list[str] = []
    sign = Key.sign_message

    def noting(self: Key, text: str) -> str:
        signed.append(text)
        return sign(self, text)

    monkeypatch.setattr(Key, "sign_message", noting)
    return signed


async def test_sign_in__many_requests__signs_once(server: FakeSbatchApi) -> None:
    key = new_key()
    async with server.client(key) as api:
        server.logs[JOB] = b"x"
        await api.log_size(JOB)
        await api.log_size(JOB)
    assert server.asked.count(LOGIN) == 1
    assert list(server.tokens.values()) == [key.address]


async def test_sign_in__token_about_to_expire__renews_before_it_is_refused(
    server: FakeSbatchApi,
) -> None:
    async with server.client() as api:
        await api.log_size(JOB)
        server.now_s += server.token_life_s - 10
        await api.log_size(JOB)
    assert server.asked.count(LOGIN) == 2


async def test_sign_in__token_refused_early__signs_in_once_more(server: FakeSbatchApi) -> None:
    async with server.client() as api:
        await api.log_size(JOB)
        server.tokens.clear()
        size = await api.log_size(JOB)
    assert size.size == 0
    assert server.asked.count(LOGIN) == 2


async def test_sign_in__refused_for_good__raises_what_the_server_said(
    server: FakeSbatchApi,
) -> None:
    refusal = answers(401, "sign_in_refused", "the chain id of the sign-in message must be 5")
    async with server.client() as api:
        await api.log_size(JOB)
        server.tokens.clear()
        server.faults = [answers(401, "not_signed_in", "expired"), server._auth, refusal]
        with pytest.raises(SignInRefused, match="the chain id of the sign-in message must be 5"):
            await api.log_size(JOB)


async def test_sign_in__no_key__says_how_to_get_one() -> None:
    async with SbatchApi("http://sbatch.test") as api:
        with pytest.raises(SignInRequired, match=r"deepsquare wallet create"):
            await api.log_size(JOB)


async def test_sign_in__message__is_good_for_minutes_only(
    server: FakeSbatchApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature for reading logs must not be good for ever."""
    signed = texts_signed(monkeypatch)
    async with server.client() as api:
        await api.log_size(JOB)
    message = parse_siwe(signed[0])
    assert message.expiration_time is not None
    assert message.expiration_time - message.issued_at == timedelta(minutes=5)


@pytest.mark.parametrize("wrong_by_s", [-600, 600, 7200])
async def test_sign_in__own_clock_wrong__goes_by_the_servers(
    server: FakeSbatchApi, monkeypatch: pytest.MonkeyPatch, wrong_by_s: int
) -> None:
    """faults.md E1: a provider with a wrong clock signs in, and not anew for each request."""
    answer = server._auth

    def dated(request: httpx.Request) -> httpx.Response:
        response = answer(request)
        response.headers["Date"] = formatdate(server.now_s, usegmt=True)
        return response

    monkeypatch.setattr(server, "_auth", dated)
    signed = texts_signed(monkeypatch)
    async with server.client() as api:
        assert api._sign_in is not None
        api._sign_in._now_s = lambda: server.now_s + wrong_by_s
        await api.log_size(JOB)
        await api.log_size(JOB)
        assert [parse_siwe(text).issued_at.timestamp() for text in signed] == [server.now_s]
        server.now_s += server.token_life_s - 10
        await api.log_size(JOB)
    assert server.asked.count(LOGIN) == 2
