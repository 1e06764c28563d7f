"""What users of the SDK need to test against a grid of their own: a chain, accounts, builders.

Nothing here imports pytest.
"""

from deepsquare.testing.accounts import Accounts, development_account, development_accounts
from deepsquare.testing.anvil import Anvil, AnvilFailed, AnvilNotFound, find_anvil
from deepsquare.testing.builders import (
    a_definition,
    a_job,
    a_job_id,
    a_provider,
    an_address,
    some_hardware,
    some_prices,
    some_terms,
)
from deepsquare.testing.deployment import deploy_grid, local_plan

__all__ = [
    "Accounts",
    "Anvil",
    "AnvilFailed",
    "AnvilNotFound",
    "a_definition",
    "a_job",
    "a_job_id",
    "a_provider",
    "an_address",
    "deploy_grid",
    "development_account",
    "development_accounts",
    "find_anvil",
    "local_plan",
    "some_hardware",
    "some_prices",
    "some_terms",
]
