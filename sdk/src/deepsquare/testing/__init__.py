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
    "development_account",
    "development_accounts",
    "find_anvil",
    "some_hardware",
    "some_prices",
    "some_terms",
]
