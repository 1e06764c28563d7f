"""Typed wrappers, one per contract: async reads at a block, pure writes that return a `Call`."""

from deepsquare.chain.contracts.constants import Constants, ConstantValues
from deepsquare.chain.contracts.credit import Credit
from deepsquare.chain.contracts.faucets import FaucetCredit, FaucetNative
from deepsquare.chain.contracts.job_repository import JobRepository
from deepsquare.chain.contracts.meta_scheduler import MetaScheduler
from deepsquare.chain.contracts.provider_job_queues import ProviderJobQueues
from deepsquare.chain.contracts.provider_manager import ProviderManager

__all__ = [
    "ConstantValues",
    "Constants",
    "Credit",
    "FaucetCredit",
    "FaucetNative",
    "JobRepository",
    "MetaScheduler",
    "ProviderJobQueues",
    "ProviderManager",
]
