"""`deepsquare-supervisor check` on a real Slurm: says what is missing, changes nothing."""

from pathlib import Path

import pytest
from tests.supervisor.test_settings import ENOUGH
from tools.devnet.slurm import PrivateSlurm

from deepsquare_supervisor.entrypoints.check import Finding, Grade, check
from deepsquare_supervisor.settings import load_settings

pytestmark = pytest.mark.integration


async def findings(slurm: PrivateSlurm, **changes: str) -> dict[str, Finding]:
    settings = load_settings(
        {
            **ENOUGH,
            "SUPERVISOR_RPC_URLS": "http://127.0.0.1:9",
            "SUPERVISOR_SBATCH_API_URL": "http://127.0.0.1:9",
            "SUPERVISOR_SLURM_CONF": slurm.environment["SLURM_CONF"],
            "SUPERVISOR_ACCOUNTING": "filetxt",
            "SUPERVISOR_COMPLETION_LOG": str(slurm.completion_log),
            **changes,
        }
    )
    return {finding.part: finding for finding in await check(settings)}


async def test_check__slurm_with_its_completion_log__is_passable(slurm: PrivateSlurm) -> None:
    slurm.completion_log.touch()
    found = await findings(slurm)
    assert found["batch system"].grade is Grade.OK
    assert found["accounting"].grade is Grade.OK


async def test_fault_b10__no_slurmdbd__check_refuses(slurm: PrivateSlurm) -> None:
    found = await findings(slurm, SUPERVISOR_ACCOUNTING="sacct")
    assert found["accounting"].grade is Grade.FAILED
    assert "accounting_storage/slurmdbd is needed" in found["accounting"].message


async def test_fault_b10__another_completion_log__check_refuses(
    slurm: PrivateSlurm, tmp_path: Path
) -> None:
    found = await findings(slurm, SUPERVISOR_COMPLETION_LOG=str(tmp_path / "other"))
    assert found["accounting"].grade is Grade.FAILED
    assert "JobCompLoc=" in found["accounting"].message


async def test_check__chain_away__is_one_failed_finding(slurm: PrivateSlurm) -> None:
    found = await findings(slurm)
    assert found["chain"].grade is Grade.FAILED
    assert not found["chain"].is_passable
