"""Access to the chain: typed reads at a block, calls to send, events and errors.

Importing this package imports neither web3 nor eth-account; `deepsquare.chain.sender` works with
any signer, and only `deepsquare.chain.wakeup` needs web3.
"""

from deepsquare.chain._generated.enums import JobStatus, StorageType
from deepsquare.chain._generated.structs import (
    Affinity,
    Job,
    JobCost,
    JobDefinition,
    JobTerms,
    JobTime,
    Label,
    Provider,
    ProviderHardware,
    ProviderPrices,
)
from deepsquare.chain.blocks import At, BlockRef
from deepsquare.chain.call import Call
from deepsquare.chain.contract_error import ContractError
from deepsquare.chain.contracts import (
    Constants,
    ConstantValues,
    Credit,
    FaucetCredit,
    FaucetNative,
    JobRepository,
    MetaScheduler,
    ProviderJobQueues,
    ProviderManager,
)
from deepsquare.chain.contracts.meta_scheduler import PermitSignature, Report
from deepsquare.chain.errors import Reverted, RpcRefused, RpcUnavailable, WrongGrid
from deepsquare.chain.grid import Grid
from deepsquare.chain.rpc import Rpc

__all__ = [
    "Affinity",
    "At",
    "BlockRef",
    "Call",
    "ConstantValues",
    "Constants",
    "ContractError",
    "Credit",
    "FaucetCredit",
    "FaucetNative",
    "Grid",
    "Job",
    "JobCost",
    "JobDefinition",
    "JobRepository",
    "JobStatus",
    "JobTerms",
    "JobTime",
    "Label",
    "MetaScheduler",
    "PermitSignature",
    "Provider",
    "ProviderHardware",
    "ProviderJobQueues",
    "ProviderManager",
    "ProviderPrices",
    "Report",
    "Reverted",
    "Rpc",
    "RpcRefused",
    "RpcUnavailable",
    "StorageType",
    "WrongGrid",
]
