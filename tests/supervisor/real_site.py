"""A supervisor on a real Slurm, with a fake chain and a fake sbatch API."""

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.supervisor.doubles import FakeClock
from tests.supervisor.site import Site
from tools.devnet.slurm import PrivateSlurm

from deepsquare.identifiers import ZERO_ADDRESS, Address, JobId
from deepsquare_supervisor.adapters.accounts.local import LocalAccounts
from deepsquare_supervisor.adapters.output_files import LocalOutputFiles
from deepsquare_supervisor.adapters.slurm.cli import SlurmCommands
from deepsquare_supervisor.adapters.slurm.commands import SiteOptions
from deepsquare_supervisor.adapters.slurm.completion_log import CompletionLog
from deepsquare_supervisor.domain.naming import unix_name

STOP_S = 5
GROUP = "testwallets"


def script(body: str, *, logging: str = "on") -> bytes:
    return (
        "#!/bin/bash -l\n# deepsquare-workflow: 1\n# nonce: 00\n"
        f"# logging: {logging}\nset -u\n{body}\n"
    ).encode()


def a_job_id() -> JobId:
    """An id that no batch of this Slurm ever had."""
    return JobId(f"0x{secrets.token_hex(32)}")


class RealClock(FakeClock):
    """The machine's clock in the place of the fake one."""

    def now(self) -> int:
        return int(time.time())


class RealSite(Site):
    """As `Site`; jobs are real batches, run by real Unix accounts."""

    def __init__(self, folder: Path, slurm: PrivateSlurm) -> None:
        self.real = slurm
        self.own, self.other = a_job_id(), a_job_id()
        environment = {"PATH": os.environ["PATH"], **slurm.environment}
        self.commands = SlurmCommands(SiteOptions(ZERO_ADDRESS, stop_s=STOP_S), environment)
        self.completion_log = CompletionLog(slurm.completion_log)
        self.data_root = folder / "data"
        helper = (
            sys.executable,
            "-m",
            "deepsquare_supervisor.entrypoints.accounts",
            f"--root={self.data_root}",
            f"--group={GROUP}",
        )
        self.local_accounts = LocalAccounts(helper, {"PATH": os.environ["PATH"]})
        super().__init__(folder)
        self.batches, self.accounting = self.commands, self.completion_log
        self.accounts, self.files = self.local_accounts, LocalOutputFiles()
        self.policy = replace(self.policy, stop_s=STOP_S)
        self.clock = self.chain.clock = RealClock()
        self.restart()

    async def until(self, promise: Callable[[], bool], *, timeout_s: float = 40) -> None:
        """Tick as the real loop does, until something is true."""
        async with asyncio.timeout(timeout_s):
            while not promise():
                self.chain.block += 1
                await self.reconciler.tick()
                await self.shipper.ship()
                await asyncio.sleep(0.3)

    async def until_settled(self, *job_ids: JobId, timeout_s: float = 40) -> None:
        """Tick until the chain has paid and all logs are complete."""
        await self.until(
            lambda: set(job_ids) <= set(self.chain.settled) & self.api.ended, timeout_s=timeout_s
        )

    def log(self, job_id: JobId) -> str:
        return bytes(self.api.logs.get(job_id, b"")).decode()


def remove_account(customer: Address) -> None:
    """Undo what the helper did."""
    subprocess.run(["userdel", unix_name(customer)], check=False, capture_output=True)
