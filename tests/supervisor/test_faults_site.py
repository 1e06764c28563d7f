"""faults.md B and D: what goes wrong at the site and at the sbatch API."""

import errno
import sqlite3
from pathlib import Path

import pytest
from tests.supervisor.doubles import SCRIPT
from tests.supervisor.site import JOB, OTHER_JOB, Site

from deepsquare.chain import JobStatus
from deepsquare_supervisor.domain.batch import BatchState, SlurmId
from deepsquare_supervisor.domain.claim import Standing
from deepsquare_supervisor.domain.job import HandBack, Phase
from deepsquare_supervisor.ports.batch_system import BatchRefused
from deepsquare_supervisor.ports.journal import JournalUnavailable


async def test_fault_b1__slurmctld_down__claims_nothing_and_fails_nothing(site: Site) -> None:
    site.slurm.is_away = True
    site.chain.assign(JOB)
    await site.ticks(5)
    assert site.chain.standing(JOB) is Standing.ASSIGNED
    assert "batch_system" in site.health.troubles()
    site.slurm.is_away = False
    await site.ticks(5)
    assert site.slurm.live_count() == 1


async def test_fault_b1__slurmctld_stays_down_after_the_claim__job_is_handed_back_in_time(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    await site.ticks(1)
    site.slurm.is_away = True
    await site.ticks(10, every_s=30)
    assert site.chain.standing(JOB) is Standing.CLAIMED
    await site.ticks(10, every_s=30)
    assert site.chain.standing(JOB) is Standing.LOST
    assert site.chain.contracts[JOB].reports == 0
    assert site.job().hand_back is HandBack.NOT_SUBMITTED_IN_TIME


async def test_fault_b1__handed_back_after_an_ambiguous_sbatch__the_batch_is_cancelled(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    await site.ticks(1)
    site.slurm.answers_after_queueing = False
    await site.ticks(1)
    assert len(site.slurm.batches) == 1
    site.slurm.is_away = True
    await site.ticks(25, every_s=30)
    assert site.chain.standing(JOB) is Standing.LOST
    site.slurm.is_away = False
    await site.ticks(6)
    assert site.slurm.live_count() == 0
    assert len(site.slurm.batches) == 1


async def test_fault_b3__accounting_down__the_final_report_waits(site: Site) -> None:
    await site.running()
    site.slurm.is_accounting_away = True
    site.slurm.end()
    await site.ticks(20)
    assert site.chain.standing(JOB) is Standing.RUNNING
    assert "accounting" in site.health.troubles()
    site.slurm.is_accounting_away = False
    await site.ticks(3)
    assert site.chain.contracts[JOB].status is JobStatus.FINISHED


async def test_fault_b4__node_fails_before_running_was_reported__is_refunded_in_full(
    site: Site,
) -> None:
    await site.queued()
    site.slurm.start()
    site.slurm.end(state=BatchState.NODE_FAILED)
    await site.ticks(3)
    contract = site.chain.contracts[JOB]
    assert contract.status is JobStatus.PANICKED
    assert contract.view.started_at == 0
    assert contract.ending is not None
    assert contract.ending.reason.startswith("NODE_FAIL")


async def test_batch__vanished_from_queue_and_accounting__is_no_end(site: Site) -> None:
    """Rule 4: unknown is not failed."""
    await site.running()
    site.slurm.batches.clear()
    await site.ticks(20)
    assert site.chain.standing(JOB) is Standing.RUNNING
    assert site.slurm.requests[1:] == []


async def test_batch__forgotten_by_slurm_for_an_hour__ends_at_the_providers_cost(
    site: Site,
) -> None:
    await site.running()
    site.slurm.batches.clear()
    await site.ticks(1)
    site.slurm.is_away = True
    await site.ticks(4, every_s=1200)
    assert site.chain.standing(JOB) is Standing.RUNNING
    site.slurm.is_away = False
    await site.ticks(10, every_s=300)
    assert site.chain.standing(JOB) is Standing.RUNNING
    await site.ticks(5, every_s=300)
    ending = site.chain.contracts[JOB].ending
    assert ending is not None
    assert (ending.status, ending.minutes) == (JobStatus.PANICKED, 0)
    assert ending.reason.startswith("LOST")


async def test_fault_a17__journal_and_batch_both_lost__job_is_not_run_again_and_ends_in_time(
    site: Site,
) -> None:
    await site.running()
    site.slurm.batches.clear()
    site.journal.close()
    for end in ("", "-wal", "-shm"):
        Path(f"{site.journal.path}{end}").unlink(missing_ok=True)
    site.start()
    await site.ticks(10, every_s=300)
    assert site.chain.standing(JOB) is Standing.RUNNING
    await site.ticks(5, every_s=300)
    assert site.chain.contracts[JOB].status is JobStatus.PANICKED
    assert len(site.slurm.requests) == 1


async def test_batch__refused_by_slurm__job_is_handed_back(site: Site) -> None:
    async def refuse(request: object) -> SlurmId:
        raise BatchRefused("Slurm does not take the batch: Invalid account")

    site.slurm.submit = refuse  # type: ignore[method-assign]
    await site.queued()
    assert site.chain.standing(JOB) is Standing.LOST
    assert site.job().hand_back is HandBack.SUBMIT_REFUSED
    assert site.journal.open_intents() == []


async def test_two_batches_of_one_job__the_older_stays(site: Site) -> None:
    """Rule 3."""
    await site.queued()
    await site.slurm.submit(site.slurm.requests[0])
    await site.ticks(1)
    assert site.slurm.cancelled == [2]
    assert site.slurm.live_count() == 1


async def test_fault_d2__api_down_at_fetch__retries_with_pauses_then_hands_back(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    site.api.is_away = True
    await site.ticks(250)
    assert site.chain.standing(JOB) is Standing.CLAIMED
    assert site.api.fetches < 20
    await site.ticks(60)
    assert site.chain.standing(JOB) is Standing.LOST
    assert site.chain.contracts[JOB].reports == 0


async def test_fault_d2__api_is_back_in_time__job_runs(site: Site) -> None:
    site.chain.assign(JOB)
    site.api.is_away = True
    await site.ticks(60)
    site.api.is_away = False
    await site.ticks(35)
    assert site.slurm.live_count() == 1


async def test_fault_d3__script_missing__job_is_handed_back_unbilled(site: Site) -> None:
    site.chain.assign(JOB)
    site.api.scripts.clear()
    await site.ticks(80)
    assert site.chain.standing(JOB) is Standing.LOST
    assert site.job().hand_back is HandBack.SCRIPT_MISSING
    assert site.slurm.requests == []
    assert site.chain.contracts[JOB].reports == 0


async def test_fault_d3__script_shows_up_within_the_grace__job_runs(site: Site) -> None:
    """A 404 may only mean that the API reads the chain a few blocks behind."""
    site.chain.assign(JOB)
    site.api.scripts.clear()
    await site.ticks(10)
    site.api.hold()
    await site.ticks(20)
    assert site.slurm.live_count() == 1


async def test_fault_d6__api_gives_another_script__nothing_runs_and_an_alarm_sounds(
    site: Site,
) -> None:
    """W-HASH-2, W-SUP-1: one bit is enough."""
    site.chain.assign(JOB)
    [script_hash] = site.api.scripts
    site.api.scripts[script_hash] = SCRIPT.replace(b"hello", b"hellp")
    await site.ticks(4)
    assert site.slurm.requests == []
    assert site.chain.standing(JOB) is Standing.LOST
    assert site.job().hand_back is HandBack.HASH_DIFFERS
    assert site.health.alarms["script_hash_differs"] == 1


async def test_handed_back_job__comes_again__is_a_new_attempt_with_its_own_batch(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    site.api.scripts.clear()
    await site.ticks(80)
    assert site.chain.standing(JOB) is Standing.LOST
    site.api.hold()
    site.chain.move(JOB, Standing.ASSIGNED)
    await site.ticks(6)
    assert site.job().attempt == 2
    assert site.slurm.live_count() == 1
    site.slurm.start()
    await site.ticks(3)
    assert site.chain.standing(JOB) is Standing.RUNNING


async def test_timed_out_job__comes_again_after_its_batch_was_cancelled__gets_a_new_batch(
    site: Site,
) -> None:
    await site.queued()
    site.chain.move(JOB, Standing.LOST)
    await site.ticks(4)
    assert site.slurm.live_count() == 0
    site.chain.move(JOB, Standing.ASSIGNED)
    await site.ticks(6)
    assert site.slurm.live_count() == 1
    assert len(site.slurm.batches) == 2
    site.slurm.start(2)
    await site.ticks(2)
    assert site.chain.standing(JOB) is Standing.RUNNING


async def test_fault_a20__disk_full__stops_claiming_and_goes_red_while_running_jobs_go_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.running()

    def full() -> None:
        raise JournalUnavailable("the journal cannot be written: database or disk is full")

    monkeypatch.setattr(site.journal, "probe", full)
    site.chain.assign(OTHER_JOB)
    await site.ticks(5)
    assert "journal" in site.health.troubles()
    assert site.chain.standing(OTHER_JOB) is Standing.ASSIGNED
    assert site.slurm.live_count() == 1
    monkeypatch.undo()
    await site.ticks(6)
    assert site.health.troubles() == {}
    assert site.chain.standing(OTHER_JOB) is Standing.CLAIMED


async def test_fault_a20__disk_full_in_the_midst__effect_waits_for_its_note(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.chain.assign(JOB)
    await site.ticks(1)

    def full(*_: object) -> int:
        raise JournalUnavailable(str(OSError(errno.ENOSPC, "No space left on device")))

    monkeypatch.setattr(site.journal, "begin", full)
    await site.ticks(3)
    assert site.slurm.requests == []
    monkeypatch.undo()
    await site.ticks(30)
    assert site.slurm.live_count() == 1


async def test_fault_d8__log_store_down__job_is_unaffected_and_lines_come_later(
    site: Site,
) -> None:
    await site.queued()
    site.slurm.start()
    site.output.files[SlurmId(1)] = b"one\ntwo\n"
    site.api.is_away = True
    await site.ticks(5)
    site.slurm.end()
    await site.ticks(10)
    assert site.chain.contracts[JOB].status is JobStatus.FINISHED
    assert site.job().phase is Phase.CLOSED
    site.api.is_away = False
    site.restart()
    await site.ticks(40)
    assert bytes(site.api.logs[JOB]) == b"one\ntwo\n"
    assert JOB in site.api.ended


async def test_log__of_a_second_attempt__follows_that_of_the_first(site: Site) -> None:
    site.api.logs[JOB] = bytearray(b"first attempt\n")
    site.chain.assign(JOB)
    site.api.scripts.clear()
    await site.ticks(80)
    site.api.hold()
    site.chain.move(JOB, Standing.ASSIGNED)
    await site.ticks(5)
    site.slurm.start()
    site.output.files[SlurmId(1)] = b"second\n"
    await site.ticks(2)
    site.restart()
    site.output.files[SlurmId(1)] = b"second\nmore\n"
    await site.ticks(2)
    assert bytes(site.api.logs[JOB]) == b"first attempt\nsecond\nmore\n"


async def test_log__flood__takes_turns_with_others(site: Site) -> None:
    """F9: one job's flood does not hold up the log of another."""
    site.chain.assign(JOB)
    site.chain.assign(OTHER_JOB)
    await site.ticks(4)
    for number in (1, 2):
        site.slurm.start(number)
    flooded = site.slurm.batches[SlurmId(1)].job_id
    calm = ({JOB, OTHER_JOB} - {flooded}).pop()
    site.output.files = {SlurmId(1): b"x" * 40_000_000, SlurmId(2): b"calm\n"}
    site.shipper._files = site.output  # the wired shipper reads this double
    await site.ticks(1)
    assert bytes(site.api.logs[calm]) == b"calm\n"
    assert len(site.api.logs[flooded]) < 40_000_000


def test_journal__broken_file_system__is_unavailable_not_a_bug(site: Site, tmp_path: Path) -> None:
    site.journal._db.execute("PRAGMA query_only = 1")
    with pytest.raises(JournalUnavailable, match="cannot be written"):
        site.journal.probe()
    assert isinstance(site.journal._db, sqlite3.Connection)
