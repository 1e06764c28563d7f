"""Checks of everything a client needs, each with what to do about it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from deepsquare._client.session import Session
from deepsquare._client.spending import read_balance
from deepsquare.amounts import format_credits
from deepsquare.errors import DeepSquareError, Unavailable

MAX_CLOCK_DIFFERENCE_S = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was found, or what is wrong and how to mend it."""

    check: str
    is_good: bool
    text: str


async def examine(session: Session) -> list[Finding]:
    """Run all checks; none of them raises."""
    checks: dict[str, Callable[[Session], Awaitable[str]]] = {
        "settings": _settings,
        "chain": _chain,
        "clock": _clock,
        "providers": _providers,
        "sbatch API": _api,
        "account": _account,
        "money": _money,
    }
    return [await _run(name, check, session) for name, check in checks.items()]


async def _run(name: str, check: Callable[[Session], Awaitable[str]], session: Session) -> Finding:
    try:
        return Finding(name, is_good=True, text=await check(session))
    except DeepSquareError as error:
        return Finding(name, is_good=False, text=error.message)


async def _settings(session: Session) -> str:
    session.settings.require("rpc_urls", "meta_scheduler_address", "sbatch_api_url")
    return f'profile "{session.settings.profile}" is complete'


async def _chain(session: Session) -> str:
    grid = await session.grid()
    head = await grid.head()
    return f"chain {grid.chain_id} at block {head.number}, the contracts answer"


async def _clock(session: Session) -> str:
    head = await (await session.grid()).head()
    difference_s = abs(time.time() - head.timestamp)
    if difference_s > MAX_CLOCK_DIFFERENCE_S:
        raise Unavailable(
            f"the newest block differs from this clock by {difference_s:.0f} s: "
            "set the clock, or use an RPC endpoint that is not behind"
        )
    return "agrees with the chain"


async def _providers(session: Session) -> str:
    grid = await session.grid()
    joined = await grid.providers.get_joined()
    if not joined:
        raise Unavailable("the grid has no providers: jobs would wait")
    return f"{len(joined)} joined"


async def _api(session: Session) -> str:
    url = session.settings.sbatch_api_url.rstrip("/")
    session.settings.require("sbatch_api_url")
    try:
        async with httpx.AsyncClient(timeout=5) as http:
            answer = await http.get(f"{url}/v1/schema")
    except httpx.HTTPError as error:
        raise Unavailable(f"{url} cannot be reached ({type(error).__name__})") from error
    if answer.status_code != httpx.codes.OK:
        raise Unavailable(f"{url} answered {answer.status_code}")
    return f"{url} answers"


async def _account(session: Session) -> str:
    return session.account


async def _money(session: Session) -> str:
    balance = await read_balance(await session.grid(), session.account)
    if not balance.credits_wei or not balance.native_wei:
        lacks = "credits" if not balance.credits_wei else "native coin for gas"
        raise Unavailable(f"{balance.account} has no {lacks}")
    return f"{format_credits(balance.credits_wei)} credits"
