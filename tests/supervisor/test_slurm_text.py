"""What Slurm's commands are called with, and what 22.05 really answers."""

import contextlib
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.doubles import CUSTOMER, SCRIPT
from tests.supervisor.site import JOB, OTHER_JOB

from deepsquare.identifiers import Address
from deepsquare_supervisor.adapters.process import Outcome
from deepsquare_supervisor.adapters.slurm import commands, parsing
from deepsquare_supervisor.adapters.slurm.cli import _submission_error
from deepsquare_supervisor.adapters.slurm.completion_log import CompletionLog
from deepsquare_supervisor.domain.batch import Batch, BatchState, SlurmId, WaitStatus
from deepsquare_supervisor.domain.claim import Shape
from deepsquare_supervisor.ports.accounts import Account
from deepsquare_supervisor.ports.batch_system import (
    AccountingUnavailable,
    BatchRefused,
    BatchRequest,
    BatchSystemUnavailable,
)

PROVIDER = Address("0x90F79bf6EB2c4f870365E785982E1f101E93b906")
ANSWERS = Path(__file__).parent / "slurm_answers"


def local(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def a_request(**changes: object) -> BatchRequest:
    account = Account(CUSTOMER, user="w70", uid=20_001, gid=20_002, root=Path("/srv/w70"))
    fields = {
        "job_id": JOB,
        "account": account,
        "shape": Shape(ntasks=2, cpus_per_task=4, mem_per_cpu_mb=512, gpus=1),
        "limit_minutes": 90,
        "is_logged": True,
        "script": SCRIPT,
        "environment": {"HOME": "/srv/w70/home"},
    }
    return BatchRequest(**{**fields, **changes})  # type: ignore[arg-type]


def test_sbatch__gets_the_job_in_arguments_and_never_the_script() -> None:
    """W-SUP-1, W-SUP-3."""
    argv = commands.sbatch(a_request(), commands.SiteOptions(PROVIDER, stop_s=25), own_uid=0)
    assert argv == [
        "sbatch",
        "--parsable",
        f"--job-name={JOB}",
        f"--comment=deepsquare:{PROVIDER}",
        "--uid=20001",
        "--gid=20002",
        "--ntasks=2",
        "--cpus-per-task=4",
        "--mem-per-cpu=512M",
        "--gpus=1",
        "--time=90",
        "--signal=B:TERM@25",
        "--no-requeue",
        "--export=ALL",
        "--chdir=/srv/w70/home",
        "--output=/srv/w70/logs/%x-%j.log",
        "--open-mode=append",
    ]


def test_sbatch__for_the_own_user_and_without_gpus__leaves_both_out() -> None:
    shape = Shape(ntasks=1, cpus_per_task=1, mem_per_cpu_mb=1, gpus=0)
    request = a_request(shape=shape, is_logged=False)
    options = commands.SiteOptions(PROVIDER, partition="gpu", account="acc", qos="low")
    argv = commands.sbatch(request, options, own_uid=20_001)
    assert not any(part.startswith(("--uid", "--gid", "--gpus")) for part in argv)
    assert argv[-3:] == ["--partition=gpu", "--account=acc", "--qos=low"]
    assert "--output=/srv/w70/logs/%x-%j.unshipped" in argv


def test_cancel__term_goes_to_the_batch_shell_first() -> None:
    assert commands.terminate(SlurmId(5)) == ["scancel", "--batch", "--signal=TERM", "5"]
    assert commands.cancel(SlurmId(5)) == ["scancel", "5"]
    assert commands.set_limit(SlurmId(5), 7) == ["scontrol", "update", "JobId=5", "TimeLimit=7"]


def test_queue__real_answer__gives_the_batches_named_after_jobs() -> None:
    batches = parsing.parse_queue((ANSWERS / "squeue.txt").read_text())
    assert [(b.batch_id, b.state, b.limit_minutes, b.why_queued) for b in batches] == [
        (5, BatchState.QUEUED, 5, "PartitionConfig"),
        (7, BatchState.QUEUED, 1445, "Resources"),
        (6, BatchState.STARTED, 5, ""),
        (4, BatchState.ENDING, 5, ""),
    ]
    assert batches[0].started_at == 0
    assert batches[2].started_at == 1795375072
    assert batches[2].owner == f"deepsquare:{PROVIDER}"


def test_completion_log__real_lines__give_the_ends() -> None:
    lines = (ANSWERS / "jobcomp_filetxt.txt").read_text().splitlines()
    ended = [batch for line in lines if (batch := parsing.parse_completion(line))]
    assert [(b.batch_id, b.state, b.status, b.limit_minutes) for b in ended] == [
        (3, BatchState.OUT_OF_MEMORY, WaitStatus(0, 125), 5),
        (1, BatchState.FAILED, WaitStatus(3), 5),
        (4, BatchState.FAILED, WaitStatus(143), 5),
        (5, BatchState.CANCELLED, WaitStatus(), 5),
    ]
    failed = ended[1]
    assert (failed.started_at, failed.ended_at) == (
        local("2026-11-22T19:17:20"),
        local("2026-11-22T19:17:23"),
    )
    assert failed.elapsed_s == 3


def test_completion_log__batch_that_never_got_nodes__never_started() -> None:
    lines = (ANSWERS / "jobcomp_filetxt.txt").read_text().splitlines()
    cancelled = parsing.parse_completion(lines[-1])
    assert cancelled is not None
    assert (cancelled.started_at, cancelled.elapsed_s) == (0, 0)


def test_accounting__real_answer__leaves_out_what_goes_on() -> None:
    batches = parsing.parse_accounting((ANSWERS / "sacct.txt").read_text())
    assert [(b.batch_id, b.state, b.status, b.elapsed_s) for b in batches] == [
        (1, BatchState.FAILED, WaitStatus(3), 0),
        (2, BatchState.CANCELLED, WaitStatus(), 0),
        (3, BatchState.OUT_OF_MEMORY, WaitStatus(0, 125), 1),
        (4, BatchState.TIMED_OUT, WaitStatus(), 87),
        (5, BatchState.COMPLETED, WaitStatus(), 0),
        (7, BatchState.CANCELLED, WaitStatus(), 0),
    ]
    assert [b.batch_id for b in batches if not b.started_at] == [7]


def test_accounting__unknown_state__is_loud() -> None:
    with pytest.raises(parsing.UnreadableAnswer, match="MELTED"):
        parsing.ended_state("MELTED")


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("5:00", 5), ("1:00:00", 60), ("1-00:05:00", 1445), ("0:30", 1), ("UNLIMITED", 0)],
)
def test_limit__as_squeue_writes_it__is_minutes(text: str, minutes: int) -> None:
    assert parsing.parse_limit(text) == minutes


@pytest.mark.parametrize("text", ["Unknown", "N/A", "None", ""])
def test_time__not_set__is_zero(text: str) -> None:
    assert parsing.parse_time(text) == 0


@pytest.mark.parametrize(("text", "number"), [("12\n", 12), ("12;cluster\n", 12)])
def test_submission__answers_the_number(text: str, number: int) -> None:
    assert parsing.parse_submission(text) == number


def test_submission__without_a_number__is_unreadable() -> None:
    with pytest.raises(parsing.UnreadableAnswer):
        parsing.parse_submission("sbatch: warning\n")


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        ("sbatch: error: Batch job submission failed: Invalid account", BatchRefused),
        (
            "sbatch: error: Batch job submission failed: Requested node configuration is not"
            " available",
            BatchRefused,
        ),
        (
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller"
            " (connect failure)",
            BatchSystemUnavailable,
        ),
        (
            "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
            BatchSystemUnavailable,
        ),
        ("sbatch: fatal: Unable to process configuration file", BatchSystemUnavailable),
        ("Killed", BatchSystemUnavailable),
    ],
)
def test_fault_a7__failed_submission__is_refused_only_on_proof(
    stderr: str, kind: type[Exception]
) -> None:
    assert type(_submission_error(Outcome(1, "", stderr))) is kind


async def test_completion_log__search__finds_the_names_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "jobcomp.log"
    path.write_text((ANSWERS / "jobcomp_filetxt.txt").read_text())
    one = parsing.parse_completion(path.read_text().splitlines()[1])
    assert isinstance(one, Batch)
    assert await CompletionLog(path).ended([one.job_id]) == (one,)
    assert await CompletionLog(path).ended([OTHER_JOB.replace("2", "9")]) == ()  # type: ignore[list-item]


async def test_completion_log__line_being_written__is_no_end_yet(tmp_path: Path) -> None:
    path = tmp_path / "jobcomp.log"
    line = (ANSWERS / "jobcomp_filetxt.txt").read_text().splitlines()[1]
    batch = parsing.parse_completion(line)
    assert batch is not None
    path.write_text(line[: len(line) // 2])
    assert await CompletionLog(path).ended([batch.job_id]) == ()
    path.write_text(line)
    assert await CompletionLog(path).ended([batch.job_id]) == ()
    path.write_text(line + "\n")
    assert await CompletionLog(path).ended([batch.job_id]) == (batch,)


async def test_fault_b10__completion_log_missing__is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(AccountingUnavailable, match="cannot be read"):
        await CompletionLog(tmp_path / "none").ended([JOB])


@given(st.lists(st.sampled_from([*"=|: 0:1-\n", "Name=", JOB, "JobState=", "FAILED"])))
def test_any_mixture_of_fields__is_read_or_left_out(parts: list[str]) -> None:
    text = "".join(parts)
    parsing.parse_queue(text)
    with contextlib.suppress(parsing.UnreadableAnswer):
        parsing.parse_completion(text)


@given(st.text())
def test_any_text__as_answer__is_read_or_named_unreadable(text: str) -> None:
    parsing.parse_queue(text)
    with contextlib.suppress(parsing.UnreadableAnswer):
        parsing.parse_completion(text)
