"""The read path stays light, and the package exports what it says."""

import subprocess
import sys

import pytest

import deepsquare.chain

PROBE = """
import sys
import deepsquare.chain, deepsquare.chain.sender, deepsquare.chain.permit
import deepsquare.pricing, deepsquare.siwe, deepsquare.chain.events
imported = {name.partition('.')[0] for name in sys.modules}
print(','.join(sorted(imported & {'web3', 'eth_account', 'aiohttp'})))
"""


@pytest.mark.integration
def test_read_path__imported__brings_neither_web3_nor_eth_account() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == ""


def test_exports__of_the_chain_package__all_exist() -> None:
    assert sorted(deepsquare.chain.__all__) == deepsquare.chain.__all__
    for name in deepsquare.chain.__all__:
        assert hasattr(deepsquare.chain, name)
