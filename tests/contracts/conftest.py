"""A grid on Ape's test chain. Ape takes the chain back after every test."""

import pytest
from ape.managers.accounts import TestAccountManager
from tests.contracts.grid import ContractGrid, deploy
from tools.abi.compiled import use_project_compiler

use_project_compiler()

LONGEST_FIRST = (
    "test_abi_export.py",
    "test_gas.py",
    "test_scripts.py",
    "test_invariants.py",
    "test_bounds.py",
    "test_deployment.py",
    "test_life.py",
    "test_hostile_credit.py",
)
"""The files that take longest, so that two processes end together. The first compiles; those that
wait for it come late."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def grid(accounts: TestAccountManager) -> ContractGrid:
    return deploy(accounts)
