"""What Slurm's commands answer, as values. Pure; `tests/supervisor` holds real answers of 22.05."""

import re
from datetime import datetime

from deepsquare.errors import Broken
from deepsquare.identifiers import JobId
from deepsquare_supervisor.adapters.slurm.commands import (
    ACCOUNTING_FIELDS,
    FIELD_SEPARATOR,
    QUEUE_FIELDS,
)
from deepsquare_supervisor.domain.batch import Batch, BatchState, SlurmId, WaitStatus

_JOB_NAME = re.compile(r"0x[0-9a-f]{64}")
_LIMIT = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)")
_NUMBER = re.compile(r"[0-9]{1,15}")
_EXIT_CODE = re.compile(r"([0-9]{1,5}):([0-9]{1,5})")
_COMPLETION_FIELD = re.compile(r"(?:^|(?<= ))([A-Za-z]+)=")

_NO_NODES = "None assigned"
"""What sacct says of a batch that never got nodes; its start is then the time of its end."""

_COMPLETION_KEYS = {"JobId", "Name", "JobState", "TimeLimit", "StartTime", "EndTime", "NodeCnt",
                    "SubmitTime", "ExitCode"}  # fmt: skip

_QUEUED = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT",
           "RESV_DEL_HOLD"}  # fmt: skip
_STARTED = {"RUNNING", "SUSPENDED", "STOPPED", "RESIZING", "SIGNALING", "STAGE_OUT"}


class UnreadableAnswer(Broken):
    """Slurm answered something this version of the supervisor does not understand."""

    code = "unreadable_slurm_answer"


def parse_submission(text: str) -> SlurmId:
    """Read the answer of ``sbatch --parsable``: a number, and the cluster after a semicolon."""
    number = text.strip().split(";")[0]
    if not _NUMBER.fullmatch(number):
        raise UnreadableAnswer(f"sbatch answered {text[:200]!r} instead of a batch number")
    return SlurmId(int(number))


def parse_queue(text: str) -> tuple[Batch, ...]:
    """Read the answer of `commands.squeue`; batches not named after a job are left out."""
    lines = (line.split(FIELD_SEPARATOR) for line in text.splitlines())
    return tuple(_queued_batch(fields) for fields in lines if _is_of_a_job(fields))


def _is_of_a_job(fields: list[str]) -> bool:
    if len(fields) != len(QUEUE_FIELDS):
        return False
    return bool(_NUMBER.fullmatch(fields[0]) and _JOB_NAME.fullmatch(fields[1]))


def _queued_batch(fields: list[str]) -> Batch:
    number, name, state, submitted, started, limit, comment, reason = fields
    live = _live_state(state)
    return Batch(
        batch_id=SlurmId(int(number)),
        job_id=JobId(name),
        state=live,
        submitted_at=parse_time(submitted),
        started_at=0 if live is BatchState.QUEUED else parse_time(started),
        limit_minutes=parse_limit(limit),
        owner=comment,
        why_queued=reason if live is BatchState.QUEUED else "",
    )


def _live_state(text: str) -> BatchState:
    if text in _QUEUED:
        return BatchState.QUEUED
    if text in _STARTED:
        return BatchState.STARTED
    return BatchState.ENDING


def parse_accounting(text: str) -> tuple[Batch, ...]:
    """Read the answer of `commands.sacct`; batches that did not end yet are left out."""
    rows = (line.split(FIELD_SEPARATOR) for line in text.splitlines())
    ended = (dict(zip(ACCOUNTING_FIELDS, row, strict=True)) for row in rows)
    return tuple(
        Batch(
            batch_id=SlurmId(int(row["JobIDRaw"])),
            job_id=JobId(row["JobName"]),
            state=state,
            submitted_at=parse_time(row["Submit"]),
            started_at=parse_time(row["Start"]) if row["NodeList"] != _NO_NODES else 0,
            ended_at=parse_time(row["End"]),
            limit_minutes=int(row["TimelimitRaw"]) if _NUMBER.fullmatch(row["TimelimitRaw"]) else 0,
            status=parse_exit_code(row["ExitCode"]),
        )
        for row in ended
        if (state := ended_state(row["State"]))
    )


def parse_completion(line: str) -> Batch | None:
    """Read one line of jobcomp/filetxt; None for a line that is not about a job's batch.

    Its times are those of slurmctld's time zone. A batch that never got nodes has the time of its
    end as its start.
    """
    fields = _completion_fields(line)
    if not fields.keys() >= _COMPLETION_KEYS or not _JOB_NAME.fullmatch(fields["Name"]):
        return None
    state = ended_state(fields["JobState"])
    if not state or not _NUMBER.fullmatch(fields["JobId"]):
        return None
    has_started = fields["NodeCnt"] != "0"
    limit = fields["TimeLimit"]
    return Batch(
        batch_id=SlurmId(int(fields["JobId"])),
        job_id=JobId(fields["Name"]),
        state=state,
        submitted_at=parse_time(fields["SubmitTime"]),
        started_at=parse_time(fields["StartTime"]) if has_started else 0,
        ended_at=parse_time(fields["EndTime"]),
        limit_minutes=int(limit) if _NUMBER.fullmatch(limit) else 0,
        status=parse_exit_code(fields["ExitCode"]),
    )


def _completion_fields(line: str) -> dict[str, str]:
    """Split ``Key=value Key=value``; the first of two equal keys counts, values may hold blanks."""
    marks = [*_COMPLETION_FIELD.finditer(line)]
    ends = [*(mark.start() for mark in marks[1:]), len(line)]
    pairs = [
        (mark[1], line[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=False)
    ]
    return dict(reversed(pairs))


def ended_state(text: str) -> BatchState | None:
    """Read the state of an ended batch, such as ``CANCELLED by 0``; None if it is live."""
    word = text.split(" ", maxsplit=1)[0].rstrip("+")
    if not word or word in _QUEUED | _STARTED | {"COMPLETING"}:
        return None
    try:
        return BatchState(word)
    except ValueError:
        raise UnreadableAnswer(f"accounting knows a state {text[:80]!r}") from None


def parse_exit_code(text: str) -> WaitStatus:
    """Read ``code:signal``; 22.05 writes an out-of-memory kill as ``0:125``."""
    found = _EXIT_CODE.fullmatch(text)
    return WaitStatus(int(found[1]), int(found[2])) if found else WaitStatus()


def parse_time(text: str) -> int:
    """Read Unix seconds, or local time in ISO form; 0 for a time that is not set."""
    if _NUMBER.fullmatch(text):
        return int(text)
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return 0


def parse_limit(text: str) -> int:
    """Read ``days-hours:minutes:seconds`` as minutes; 0 for none."""
    found = _LIMIT.fullmatch(text)
    if not found:
        return 0
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return days * 1440 + hours * 60 + minutes + (1 if seconds else 0)
