"""Every error has one documented exit code."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import pytest

import deepsquare
from deepsquare._client.billing import JobBill, bill_so_far
from deepsquare._client.exit_status import parse_wait_status
from deepsquare.chain import BlockRef, JobStatus
from deepsquare.cli.exit_codes import CODES, ExitCode, exit_code_of, exit_code_of_job
from deepsquare.client import JobResult, JobState
from deepsquare.errors import Broken, DeepSquareError, Refused, Unavailable
from deepsquare.testing import a_job, some_terms

BLOCK = BlockRef(number=5, hash="0x05", timestamp=1_700_000_600)


def modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(deepsquare.__path__, "deepsquare."):
        if "testing" not in info.name:
            yield importlib.import_module(info.name)


def all_errors(kind: type[DeepSquareError] = DeepSquareError) -> set[type[DeepSquareError]]:
    found = set(kind.__subclasses__())
    return found | {error for sub in found for error in all_errors(sub)}


def test_codes__every_one__is_that_of_an_error_class() -> None:
    list(modules())
    known = {error.code for error in all_errors()}
    assert {code for codes in CODES.values() for code in codes} <= known


def test_codes__no_error__has_two_exit_codes() -> None:
    listed = [code for codes in CODES.values() for code in codes]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [(Refused("x"), 2), (Unavailable("x"), 7), (Broken("x"), 1)],
)
def test_exit_code_of__other_errors__follow_their_kind(
    error: DeepSquareError, exit_code: int
) -> None:
    assert exit_code_of(error) == exit_code


def a_result(status: JobStatus, wait_status: int = 0) -> JobResult:
    state = JobState(a_job(status, exit_code=wait_status), some_terms(), BLOCK)
    bill = bill_so_far(replace(state, job=replace(state.job, status=JobStatus.PENDING)))
    return JobResult(state, JobBill(state.id, status, is_final=True, parts=bill), "")


@pytest.mark.parametrize(
    ("status", "wait_status", "exit_code"),
    [
        (JobStatus.FINISHED, 0, 0),
        (JobStatus.FAILED, 1 << 8, 1),
        (JobStatus.FAILED, 3 << 8, 3),
        (JobStatus.FAILED, 99 << 8, 99),
        (JobStatus.FAILED, 100 << 8, 100),
        (JobStatus.FAILED, 255 << 8, 100),
        (JobStatus.FAILED, 9, 100),
        (JobStatus.FAILED, 0, 100),
        (JobStatus.CANCELLED, 0, 101),
        (JobStatus.OUT_OF_CREDITS, 0, 102),
        (JobStatus.PANICKED, 0, 103),
    ],
)
def test_exit_code_of_job__each_end__is_as_documented(
    status: JobStatus, wait_status: int, exit_code: int
) -> None:
    assert exit_code_of_job(a_result(status, wait_status)) == exit_code


@pytest.mark.parametrize(
    ("raw", "code", "shown"),
    [
        (0, 0, "exit code 0"),
        (3 << 8, 3, "exit code 3"),
        (9, 137, "signal SIGKILL"),
        (15 | 0x80, 143, "signal SIGTERM"),
        (0x7E, 254, "signal 126"),
    ],
)
def test_parse_wait_status__raw_of_the_chain__is_what_a_shell_says(
    raw: int, code: int, shown: str
) -> None:
    status = parse_wait_status(raw)
    assert (status.code, status.shown) == (code, shown)


def test_exit_codes__numbers__never_change() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "INTERNAL": 1,
        "USAGE": 2,
        "KEY": 3,
        "NOT_FOUND": 4,
        "MONEY": 5,
        "NO_PROVIDER": 6,
        "UNREACHABLE": 7,
        "CONFLICT": 8,
        "JOB_FAILED": 100,
        "CANCELLED": 101,
        "OUT_OF_CREDITS": 102,
        "PANICKED": 103,
        "WAIT_TIMEOUT": 124,
        "INTERRUPTED": 130,
    }
