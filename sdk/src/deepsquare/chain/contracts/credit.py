"""Credit: the ERC-20 token that jobs are paid with."""

from dataclasses import dataclass

from deepsquare.chain.blocks import At
from deepsquare.chain.call import Call
from deepsquare.chain.contracts.access import Owned
from deepsquare.identifiers import Address

MAX_ALLOWANCE = 2**256 - 1
"""An allowance that is never decreased (protocol.md 3.10)."""


@dataclass(frozen=True, slots=True)
class TokenDomain:
    """What a permit's signature is bound to (EIP-712)."""

    name: str
    version: str
    chain_id: int
    verifying_contract: Address


class Credit(Owned):
    """Balances, transfers and allowances, all in credit-wei."""

    abi_name = "Credit"

    async def balance_of(self, account: Address, *, at: At = "latest") -> int:
        """Return the balance of an account."""
        return await self._read(int, "balanceOf", account, at=at)

    async def allowance(self, owner: Address, spender: Address, *, at: At = "latest") -> int:
        """Return what ``spender`` may still take from ``owner``."""
        return await self._read(int, "allowance", owner, spender, at=at)

    async def total_supply(self, *, at: At = "latest") -> int:
        """Return the sum of all balances."""
        return await self._read(int, "totalSupply", at=at)

    async def cap(self, *, at: At = "latest") -> int:
        """Return the largest possible supply."""
        return await self._read(int, "cap", at=at)

    async def permit_nonce(self, owner: Address, *, at: At = "latest") -> int:
        """Return the nonce that the owner's next permit must carry (ERC-2612)."""
        return await self._read(int, "nonces", owner, at=at)

    async def domain(self, *, at: At = "latest") -> TokenDomain:
        """Return the EIP-712 domain of permits."""
        fields = await self._read(
            tuple[bytes, str, str, int, Address, bytes, tuple[int, ...]], "eip712Domain", at=at
        )
        return TokenDomain(*fields[1:5])

    def approve(self, spender: Address, amount_wei: int) -> Call:
        """Set the allowance of a spender."""
        return self._call("approve", spender, amount_wei, label="set the allowance")

    def transfer(self, to: Address, amount_wei: int) -> Call:
        """Send credits."""
        return self._call("transfer", to, amount_wei, label="send credits")

    def mint(self, account: Address, amount_wei: int) -> Call:
        """Create credits; owner only."""
        return self._call("mint", account, amount_wei, label="mint credits")
