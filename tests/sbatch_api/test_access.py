import pytest
from tests.sbatch_api.doubles import ALICE, BOB, HASH, PROVIDER, a_job, an_ended_job

from deepsquare.identifiers import Address, BatchLocationHash
from deepsquare_sbatch_api.domain.access import (
    JobFacts,
    may_read_log,
    may_run_script,
    may_write_log,
)


def test_may_run_script__provider_that_holds_the_job_with_the_hash__yes() -> None:
    assert may_run_script(PROVIDER, script=HASH, job=a_job())


@pytest.mark.parametrize(
    ("caller", "script", "job"),
    [
        (BOB, HASH, a_job()),
        (ALICE, HASH, a_job()),
        (PROVIDER, "another" * 4, a_job()),
        (PROVIDER, HASH, a_job(provider=BOB)),
        (PROVIDER, HASH, a_job(provider=None, is_with_provider=False)),
        (PROVIDER, HASH, an_ended_job()),
    ],
)
def test_may_run_script__anything_else__no(
    caller: Address, script: BatchLocationHash, job: JobFacts
) -> None:
    """faults.md G13."""
    assert not may_run_script(caller, script=script, job=job)


def test_may_write_log__only_the_provider__also_after_the_end() -> None:
    """faults.md G14, D8."""
    assert may_write_log(PROVIDER, job=an_ended_job())
    assert not may_write_log(ALICE, job=a_job())
    assert not may_write_log(BOB, job=a_job())


def test_may_read_log__customer_and_provider__nobody_else() -> None:
    assert may_read_log(ALICE, job=a_job())
    assert may_read_log(PROVIDER, job=a_job())
    assert not may_read_log(BOB, job=a_job())
