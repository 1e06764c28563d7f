"""Checks before money moves, and the one transaction that moves it."""

import asyncio
from dataclasses import dataclass

from deepsquare._client.errors import (
    AllowanceTooLow,
    CreditsTooLow,
    InsufficientCredits,
    NoProvider,
)
from deepsquare._client.quoting import Quote
from deepsquare.amounts import Wei
from deepsquare.chain import BlockRef, Grid
from deepsquare.chain.errors import OutOfGasMoney
from deepsquare.identifiers import Address

PERMIT_LIFE_S = 1800
"""How long a signed permit is good, in chain time."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has, in wei: credits, native coin, and what the grid may take of it."""

    account: Address
    credits_wei: Wei
    native_wei: int
    allowance_wei: Wei
    block: BlockRef


async def read_balance(grid: Grid, account: Address) -> Balance:
    """Read all amounts of an account at one block."""
    block = await grid.head()
    credits_wei, allowance, native = await asyncio.gather(
        grid.credit.balance_of(account, at=block),
        grid.credit.allowance(account, grid.meta_scheduler.address, at=block),
        grid.rpc.request("eth_getBalance", account, hex(block.number)),
    )
    return Balance(account, Wei(credits_wei), int(native, 16), Wei(allowance), block)


def check_amount(quote: Quote, locked_wei: Wei) -> None:
    """Check an amount against the grid's minimum and the providers, quoted without an amount.

    Raises `NoProvider` when nobody would take the job for any amount, else `CreditsTooLow`.
    """
    if not quote.offers:
        raise NoProvider(quote.reasons)
    if locked_wei < quote.minimum_wei:
        raise CreditsTooLow(
            given_wei=locked_wei, needed_wei=quote.minimum_wei, why="the grid takes at least"
        )
    cheapest = quote.offers[0]
    if locked_wei < cheapest.cost_per_minute_wei:
        raise CreditsTooLow(
            given_wei=locked_wei,
            needed_wei=cheapest.cost_per_minute_wei,
            why="a minute at the cheapest provider that fits costs",
        )


def check_balance(balance: Balance, amount_wei: Wei, *, signs_permit: bool) -> None:
    """Raise `InsufficientCredits`, `OutOfGasMoney` or `AllowanceTooLow` before anything is sent."""
    if balance.credits_wei < amount_wei:
        raise InsufficientCredits(need_wei=amount_wei, have_wei=balance.credits_wei)
    if not balance.native_wei:
        raise OutOfGasMoney(
            f"{balance.account} has no native coin to pay the transaction with: send it some",
            details={"address": balance.account},
        )
    if not signs_permit and balance.allowance_wei < amount_wei:
        raise AllowanceTooLow(need_wei=amount_wei, have_wei=balance.allowance_wei)
