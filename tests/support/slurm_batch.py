"""Runs batch scripts on the private Slurm as the customer's user, on a site below one folder."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.support.batch import NONCE
from tests.support.customer import CUSTOMER, give_to_customer
from tools.devnet.scratch import scratch_folder
from tools.devnet.slurm import PrivateSlurm
from tools.devnet.waiting import NeverHappened, wait_until

from deepsquare.workflow import Job
from deepsquare_sbatch_api.domain.rendering import render

FOLDERS = {
    "STORAGE_ROOT": "storage",
    "SHARED_TMP": "shared",
    "SHARED_WORLD_TMP": "world",
    "DISK_TMP": "disk",
    "DISK_WORLD_TMP": "disk-world",
    "APPTAINER_TMP": "apptainer-tmp",
}
STOP_SECONDS = 12


@dataclass(frozen=True, slots=True)
class SlurmBatch:
    """A batch on the private Slurm."""

    slurm: PrivateSlurm
    folder: Path
    job_id: str

    @property
    def output(self) -> str:
        """What it has written so far."""
        path = self.folder / "out"
        return path.read_text() if path.exists() else ""

    @property
    def lines(self) -> list[str]:
        """Lines of the output without those of the script itself and of Slurm."""
        own = ("Running: ", "deepsquare: ", "slurmstepd", "srun: ")
        return [line for line in self.output.splitlines() if not line.startswith(own)]

    def terminate(self) -> None:
        """Send TERM to the batch shell, as a cancelling supervisor does."""
        self.slurm.run("scancel", "--batch", "--signal=TERM", self.job_id)

    def wait_for(self, line: str) -> None:
        """Wait until a line stands in the output."""
        try:
            wait_until(lambda: f"{line}\n" in self.output, what=line, timeout_s=180)
        except NeverHappened as error:
            raise AssertionError(f"{error}; so far:\n{self.output}") from None

    def ending(self) -> str:
        """Wait for the end and return the record of the completion log."""
        wait_until(lambda: bool(self._record()), what="the end of the batch", timeout_s=240)
        return self._record()

    def _record(self) -> str:
        log = self.slurm.completion_log
        lines = log.read_text().splitlines() if log.exists() else []
        return next((line for line in lines if line.startswith(f"JobId={self.job_id} ")), "")


@dataclass(slots=True)
class SlurmSite:
    """A pretended site below one folder, and how batches are submitted there."""

    slurm: PrivateSlurm
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    """By names without ``DEEPSQUARE_SITE_``."""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in FOLDERS.values():
            (self.folder / name).mkdir()
        give_to_customer(self.folder)

    def submit(self, job: Job, *options: str) -> SlurmBatch:
        """Submit the script of a job, with further options of sbatch."""
        (self.folder / "script.sh").write_text(render(job, nonce=NONCE).script)
        job_id = self.slurm.run(
            *("sbatch", "--parsable", f"--uid={CUSTOMER.pw_uid}", f"--gid={CUSTOMER.pw_gid}"),
            *(f"--chdir={self.folder}", f"--output={self.folder}/out", "--open-mode=append"),
            *("--job-name=0xreal", f"--signal=B:TERM@{STOP_SECONDS}"),
            *(f"--ntasks={job.resources.tasks}", f"--cpus-per-task={job.resources.cpus_per_task}"),
            f"--mem-per-cpu={job.resources.mem_per_cpu}",
            f"--export=ALL,{','.join(self._exports())}",
            *options,
            str(self.folder / "script.sh"),
        )
        return SlurmBatch(self.slurm, self.folder, job_id.strip())

    def _exports(self) -> Iterator[str]:
        settings = {key: str(self.folder / name) for key, name in FOLDERS.items()}
        settings |= {"GRACE_SECONDS": "3", "STOP_SECONDS": str(STOP_SECONDS), **self.settings}
        yield from (f"DEEPSQUARE_SITE_{key}={value}" for key, value in settings.items())
        yield from (f"{k}={v}" for k, v in {"HOME": str(self.folder), **self.environment}.items())


@pytest.fixture
def slurm_site(slurm: PrivateSlurm) -> Iterator[SlurmSite]:
    """A site of the test's own on the private Slurm."""
    with scratch_folder() as folder:
        yield SlurmSite(slurm, folder)
