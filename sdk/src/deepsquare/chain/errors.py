"""Errors of the chain package, with the contracts' custom errors under their own names.

Refused
├── ContractError          one subclass per custom error of the ABI (generated)
├── Reverted               a revert without a custom error of the grid
├── RpcRefused             the node will not do it; asking again does not help
├── WrongGrid              another chain, or no grid at that address
├── FeeCapReached          gas costs more than the settings allow
├── OutOfGasMoney          the wallet cannot pay for the transaction
├── NonceTaken             another transaction of this wallet used the nonce
└── OutOfGas               the gas limit is too low
Unavailable
├── RpcUnavailable         no endpoint gave a usable answer
└── NotMined               a transaction was not mined in the time given
"""

from deepsquare.chain._generated import errors as _generated
from deepsquare.chain._generated.errors import *  # noqa: F403 - one name per custom error
from deepsquare.chain.contract_error import ContractError
from deepsquare.errors import Refused, Unavailable

CONTRACT_ERRORS: tuple[type[ContractError], ...] = _generated.ERRORS
"""Every custom error of the grid's contracts."""


class Reverted(Refused):
    """The call reverts with a reason that is no custom error of the grid's contracts."""

    code = "reverted"


class RpcRefused(Refused):
    """A node answered with an error that another try would not change."""

    code = "rpc_refused"


class WrongGrid(Refused):
    """The endpoint serves another chain, or the address is not that of a MetaScheduler."""

    code = "wrong_grid"


class RpcUnavailable(Unavailable):
    """No RPC endpoint gave a usable answer."""

    code = "rpc_unavailable"


class FeeCapReached(Refused):
    """Gas costs more than the settings allow to offer."""

    code = "fee_cap_reached"


class OutOfGasMoney(Refused):
    """The wallet has too little native coin to pay for the transaction."""

    code = "out_of_gas_money"


class NonceTaken(Refused):
    """The nonce was used by another transaction of the same wallet; sign again."""

    code = "nonce_taken"


class OutOfGas(Refused):
    """The call or transaction needs more gas than its limit."""

    code = "out_of_gas"


class NotMined(Unavailable):
    """The transaction was sent but not mined in the time given; it may still be."""

    code = "not_mined"
