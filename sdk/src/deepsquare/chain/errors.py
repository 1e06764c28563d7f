"""Errors of the chain package, with the contracts' custom errors under their own names.

Refused
├── ContractError          one subclass per custom error of the ABI (generated)
├── Reverted               a revert without a custom error of the grid
├── RpcRefused             the node will not do it; asking again does not help
└── WrongGrid              another chain, or no grid at that address
Unavailable
└── RpcUnavailable         no endpoint gave a usable answer
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
