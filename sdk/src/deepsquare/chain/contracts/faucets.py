"""Faucets: hand out credits and native coin (protocol.md 3.10)."""

from deepsquare.chain.blocks import At
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.access import Owned
from deepsquare.identifiers import Address


class _Faucet(Owned):
    async def credited(self, account: Address, *, at: At = "latest") -> int:
        """Return what an account was credited and has not claimed, in wei."""
        return await self._read(int, "addressToUserCredit", account, at=at)

    async def distributed(self, account: Address, *, at: At = "latest") -> int:
        """Return what an account has claimed so far, in wei."""
        return await self._read(int, "addressToAmountDistributed", account, at=at)

    async def total_distributed(self, *, at: At = "latest") -> int:
        """Return what all accounts have claimed so far, in wei."""
        return await self._read(int, "totalDistributed", at=at)

    def claim(self) -> Call:
        """Pay the sender all that it was credited."""
        return self._call("claim", label="claim from the faucet")

    def credit_user(self, account: Address, amount_wei: int) -> Call:
        """Add to what an account may claim; owner only."""
        return self._call("creditUser", account, amount_wei)


class FaucetCredit(_Faucet):
    """Hands out credits."""

    abi_name = "FaucetCredit"


class FaucetNative(_Faucet):
    """Hands out the chain's coin, which pays for transactions."""

    abi_name = "FaucetNative"
