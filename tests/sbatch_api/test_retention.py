from datetime import datetime, timedelta

from tests.sbatch_api.doubles import HASH, JOB, NOON

from deepsquare.identifiers import JobId
from deepsquare_sbatch_api.domain.retention import (
    JobLink,
    Retention,
    ScriptUse,
    is_log_expired,
    is_script_expired,
)

RULE = Retention()
DAY = timedelta(hours=24)
A_MOMENT = timedelta(microseconds=1)


def a_use(*ends: datetime | None) -> ScriptUse:
    links = tuple(JobLink(JobId(f"{JOB[:-1]}{number}"), end) for number, end in enumerate(ends))
    return ScriptUse(HASH, NOON, links)


def test_script__nobody_refers_to_it__goes_after_24_hours() -> None:
    assert not is_script_expired(a_use(), now=NOON + DAY - A_MOMENT, rule=RULE)
    assert is_script_expired(a_use(), now=NOON + DAY, rule=RULE)


def test_script__hot_job_refers_to_it__stays_for_ever() -> None:
    assert not is_script_expired(a_use(NOON, None), now=NOON + 1000 * DAY, rule=RULE)


def test_script__all_jobs_ended__goes_24_hours_after_the_last() -> None:
    use = a_use(NOON, NOON + DAY)
    assert not is_script_expired(use, now=NOON + 2 * DAY - A_MOMENT, rule=RULE)
    assert is_script_expired(use, now=NOON + 2 * DAY, rule=RULE)


def test_log__hot_job__stays() -> None:
    assert not is_log_expired(None, now=NOON + 1000 * DAY, rule=RULE)


def test_log__ended_job__goes_after_30_days() -> None:
    assert not is_log_expired(NOON, now=NOON + 30 * DAY - A_MOMENT, rule=RULE)
    assert is_log_expired(NOON, now=NOON + 30 * DAY, rule=RULE)
