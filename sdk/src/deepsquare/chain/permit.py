"""A signed allowance (ERC-2612), so that a job is submitted in one transaction."""

from typing import Any

from deepsquare.chain.contracts.credit import Credit, TokenDomain
from deepsquare.chain.contracts.meta_scheduler import PermitSignature
from deepsquare.chain.signer import Signer, signer_address
from deepsquare.identifiers import Address

_TYPES = {
    "Permit": [
        {"name": "owner", "type": "address"},
        {"name": "spender", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}


async def sign_permit(
    credit: Credit, signer: Signer, *, spender: Address, value_wei: int, deadline: int
) -> PermitSignature:
    """Sign an allowance of ``value_wei`` for ``spender``, valid until ``deadline`` (chain time).

    Give the MetaScheduler as spender and send
    ``meta_scheduler.multicall([meta_scheduler.self_permit(permit), request])``. The permit carries
    the owner's next permit nonce: it can be used once, in order.
    """
    owner = signer_address(signer)
    message = {
        "owner": owner,
        "spender": spender,
        "value": value_wei,
        "nonce": await credit.permit_nonce(owner),
        "deadline": deadline,
    }
    signed = signer.sign_typed_data(_domain(await credit.domain()), _TYPES, message)
    return PermitSignature(
        value_wei=value_wei,
        deadline=deadline,
        v=signed.v,
        r=signed.r.to_bytes(32, "big"),
        s=signed.s.to_bytes(32, "big"),
    )


def _domain(domain: TokenDomain) -> dict[str, Any]:
    return {
        "name": domain.name,
        "version": domain.version,
        "chainId": domain.chain_id,
        "verifyingContract": domain.verifying_contract,
    }
