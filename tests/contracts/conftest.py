"""A grid on Ape's test chain. Ape takes the chain back after every test."""

import pytest
from ape.managers.accounts import TestAccountManager
from tests.contracts.grid import ContractGrid, deploy
from tools.abi.compiled import use_project_compiler

use_project_compiler()


@pytest.fixture(scope="session")
def grid(accounts: TestAccountManager) -> ContractGrid:
    return deploy(accounts)
