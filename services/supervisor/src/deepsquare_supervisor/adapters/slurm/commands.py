"""What Slurm's commands are called with. Pure; no shell is involved anywhere."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from deepsquare.identifiers import Address, JobId
from deepsquare_supervisor.domain.batch import SlurmId
from deepsquare_supervisor.ports.batch_system import BatchRequest

FIELD_SEPARATOR = "|"
QUEUE_FIELDS = ("%A", "%j", "%T", "%V", "%S", "%l", "%k", "%r")
"""Number, name, state, submitted, started, limit, comment, why it waits (squeue(1))."""

ACCOUNTING_FIELDS = (
    "JobIDRaw",
    "JobName",
    "State",
    "Submit",
    "Start",
    "End",
    "ExitCode",
    "TimelimitRaw",
    "NodeList",
)

PATIENCE_DAYS = 60
"""How far back sacct looks; far more than any supervisor may be down."""


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """What the site adds to every submission; empty means that Slurm chooses."""

    provider: Address
    stop_s: int = 25
    partition: str = ""
    account: str = ""
    qos: str = ""


def owner_mark(provider: Address) -> str:
    """Return the comment that tells the batches of one provider from all others."""
    return f"deepsquare:{provider}"


def log_path(logs: Path, job_id: JobId, batch_id: SlurmId) -> Path:
    """Return where the output of a batch is found if it is to be shipped."""
    return logs / f"{job_id}-{batch_id}.log"


def sbatch(request: BatchRequest, options: SiteOptions, *, own_uid: int) -> list[str]:
    """Submit the script on standard input with the whole environment of the process.

    ``--export=NONE`` is not used: it makes Slurm read the user's login environment, and keeps
    `srun` inside the batch from passing anything on. The process is started with nothing but the
    batch's environment instead.
    """
    suffix = ".log" if request.is_logged else ".unshipped"
    return [
        "sbatch",
        "--parsable",
        f"--job-name={request.job_id}",
        f"--comment={owner_mark(options.provider)}",
        *_identity(request, own_uid),
        *_resources(request),
        f"--time={request.limit_minutes}",
        f"--signal=B:TERM@{options.stop_s}",
        "--no-requeue",
        "--export=ALL",
        f"--chdir={request.account.home}",
        f"--output={request.account.logs}/%x-%j{suffix}",
        "--open-mode=append",
        *_site(options),
    ]


def _identity(request: BatchRequest, own_uid: int) -> list[str]:
    if request.account.uid == own_uid:
        return []
    return [f"--uid={request.account.uid}", f"--gid={request.account.gid}"]


def _resources(request: BatchRequest) -> list[str]:
    shape = request.shape
    gpus = [f"--gpus={shape.gpus}"] if shape.gpus else []
    return [
        f"--ntasks={shape.ntasks}",
        f"--cpus-per-task={shape.cpus_per_task}",
        f"--mem-per-cpu={shape.mem_per_cpu_mb}M",
        *gpus,
    ]


def _site(options: SiteOptions) -> list[str]:
    values = {
        "--partition": options.partition,
        "--account": options.account,
        "--qos": options.qos,
    }
    return [f"{flag}={value}" for flag, value in values.items() if value]


def squeue() -> list[str]:
    """List every live batch of the cluster; times follow SLURM_TIME_FORMAT."""
    return ["squeue", "--all", "--noheader", f"--format={FIELD_SEPARATOR.join(QUEUE_FIELDS)}"]


def sacct(job_ids: Collection[JobId]) -> list[str]:
    """List what accounting knows of batches with these names."""
    return [
        "sacct",
        "--allusers",
        "--allocations",
        "--duplicates",
        "--noheader",
        "--parsable2",
        f"--starttime=now-{PATIENCE_DAYS}days",
        f"--name={','.join(job_ids)}",
        f"--format={','.join(ACCOUNTING_FIELDS)}",
    ]


def terminate(batch_id: SlurmId) -> list[str]:
    """Send TERM to the batch shell alone (W-SUP-3)."""
    return ["scancel", "--batch", "--signal=TERM", str(batch_id)]


def cancel(batch_id: SlurmId) -> list[str]:
    """End a batch: TERM and CONT to all, KILL after Slurm's KillWait."""
    return ["scancel", str(batch_id)]


def set_limit(batch_id: SlurmId, minutes: int) -> list[str]:
    """Set the total run time."""
    return ["scontrol", "update", f"JobId={batch_id}", f"TimeLimit={minutes}"]
