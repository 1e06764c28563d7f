"""faults.md A: the supervisor dies at each boundary to the outside, once, and starts again.

Common acceptance: one payment, one batch, nothing stuck, the whole log.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.supervisor.doubles import FakeSlurm, Killed
from tests.supervisor.site import JOB, Site

from deepsquare.chain import JobStatus
from deepsquare_supervisor.domain.batch import BatchState, SlurmId
from deepsquare_supervisor.domain.claim import Standing
from deepsquare_supervisor.domain.job import Phase

LINES = b"".join(b"line %d\n" % number for number in range(200))
BATCH = SlurmId(1)


@dataclass
class World:
    """What happens outside, whatever the supervisor does: driven by time, not by its calls."""

    site: Site
    is_done: Callable[[Site], bool]
    happens: Callable[[Site], None]
    restarts: int = 0

    async def run(self, *, die_at: int | None) -> None:
        crasher = self.site.crasher
        crasher.steps.clear()
        crasher.die_at = die_at
        for _ in range(80):
            try:
                await self.site.ticks(1, every_s=5)
            except BaseException as error:
                if not _is_death(error):
                    raise
                self.restarts += 1
                crasher.die_at = None
                self.site.restart()
            self.happens(self.site)
            if self.is_done(self.site):
                return
        pytest.fail(f"stuck: {self.site.job()} after {crasher.steps[-30:]}")


def _is_death(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(Killed) is not None
    return isinstance(error, Killed)


def _batch_lives(slurm: FakeSlurm, site: Site, ends_after_s: int, state: BatchState) -> None:
    batch = slurm.batches.get(BATCH)
    if batch is None:
        return
    now = site.clock.now()
    if batch.state is BatchState.QUEUED and now - batch.submitted_at >= 10:
        slurm.start()
        site.output.files[BATCH] = LINES[:500]
    elif batch.state is BatchState.STARTED and now - batch.started_at >= ends_after_s:
        site.output.files[BATCH] = LINES
        slurm.end(state=state, code=0 if state is BatchState.COMPLETED else 3)


def _succeeds(site: Site) -> None:
    _batch_lives(site.slurm, site, 70, BatchState.COMPLETED)


def _fails(site: Site) -> None:
    _batch_lives(site.slurm, site, 70, BatchState.FAILED)


def _is_cancelled_after_20_s(site: Site) -> None:
    _batch_lives(site.slurm, site, 10_000, BatchState.COMPLETED)
    batch = site.slurm.batches.get(BATCH)
    is_old = batch and batch.started_at and site.clock.now() - batch.started_at >= 20
    if is_old and not site.chain.contracts[JOB].view.cancel_requested_at:
        site.chain.request_cancel(JOB)


def _is_topped_up(site: Site) -> None:
    _succeeds(site)
    view = site.chain.contracts[JOB].view
    if view.standing is Standing.RUNNING and view.paid_minutes == 10:
        site.chain.top_up(JOB, 5)


def _is_closed(site: Site) -> bool:
    found = site.journal.find_job(JOB)
    return found is not None and found.phase is Phase.CLOSED and JOB in site.api.ended


async def _lives(
    folder: Path, happens: Callable[[Site], None], *, die_at: int | None
) -> tuple[Site, World]:
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder)
    site.chain.assign(JOB)
    world = World(site, _is_closed, happens)
    await world.run(die_at=die_at)
    site.journal.close()
    return site, world


def _check(site: Site, status: JobStatus, log: bytes) -> None:
    contract = site.chain.contracts[JOB]
    assert contract.status is status
    assert contract.reports == 1
    assert site.chain.settled == [JOB]
    assert len(site.slurm.batches) == 1
    assert site.slurm.live_count() == 0
    assert bytes(site.api.logs[JOB]) == log


@pytest.mark.parametrize(
    ("happens", "status", "log"),
    [
        (_succeeds, JobStatus.FINISHED, LINES),
        (_fails, JobStatus.FAILED, LINES),
        (_is_cancelled_after_20_s, JobStatus.CANCELLED, LINES[:500]),
        (_is_topped_up, JobStatus.FINISHED, LINES),
    ],
)
async def test_faults_a0_to_a15__killed_at_each_boundary__one_payment_one_batch_whole_log(
    happens: Callable[[Site], None], status: JobStatus, log: bytes, quick_folder: Path
) -> None:
    calm, _ = await _lives(quick_folder / "calm", happens, die_at=None)
    _check(calm, status, log)
    boundaries = len(calm.crasher.steps)
    assert {f"{when} {effect}" for when in ("before", "after") for effect in _EFFECTS} <= set(
        calm.crasher.steps
    )
    for number in range(boundaries):
        site, world = await _lives(quick_folder / str(number), happens, die_at=number)
        assert world.restarts == 1, f"never reached boundary {number}"
        _check(site, status, log)


_EFFECTS = ("begin", "submit", "settle", "sign", "save_transaction", "broadcast", "append", "fetch")


async def test_fault_a7__sbatch_times_out_though_the_batch_was_queued__adopts_it(
    site: Site,
) -> None:
    site.chain.assign(JOB)
    site.slurm.answers_after_queueing = False
    await site.ticks(8)
    assert len(site.slurm.batches) == 1
    assert site.job().batch is not None
    assert site.job().phase is Phase.SUBMITTED


async def test_fault_a11__job_ended_while_away_beyond_min_job_age__is_billed_by_accounting(
    site: Site,
) -> None:
    await site.running()
    site.clock.pass_s(240)
    site.slurm.end(state=BatchState.FAILED, code=7)
    site.clock.pass_s(86_400)
    site.restart()
    await site.ticks(6)
    ending = site.chain.contracts[JOB].ending
    assert ending is not None
    assert (ending.status, ending.exit_status, ending.minutes) == (JobStatus.FAILED, 7 << 8, 4)


async def test_fault_a8__running_is_reported_late__the_gap_is_not_billed(site: Site) -> None:
    await site.queued()
    site.slurm.start()
    site.clock.pass_s(600)
    site.restart()
    await site.ticks(3)
    site.clock.pass_s(120)
    site.slurm.end()
    await site.ticks(4)
    ending = site.chain.contracts[JOB].ending
    assert ending is not None
    assert 2 <= ending.minutes <= 3


@pytest.mark.parametrize("damage", ["deleted", "garbage"])
@pytest.mark.parametrize("moment", ["claimed", "queued", "running", "ended"])
async def test_fault_a17__journal_lost__is_rebuilt_from_chain_and_slurm(
    site: Site, damage: str, moment: str
) -> None:
    site.chain.assign(JOB)
    await site.ticks({"claimed": 1}.get(moment, 4))
    if moment in ("running", "ended"):
        site.slurm.start()
        site.output.files[BATCH] = LINES
        await site.ticks(2)
    site.clock.pass_s(120)
    if moment == "ended":
        site.slurm.end()
    _damage(site, damage)
    await site.ticks(5)
    if moment in ("claimed", "queued"):
        site.slurm.start()
        site.output.files[BATCH] = LINES
        await site.ticks(3)
    if moment != "ended":
        site.slurm.end()
    await site.ticks(8)
    _check(site, JobStatus.FINISHED, LINES)
    assert ("journal_corrupt" in site.health.alarms) == (damage == "garbage")


def _damage(site: Site, how: str) -> None:
    site.journal.close()
    for end in ("", "-wal", "-shm"):
        Path(f"{site.journal.path}{end}").unlink(missing_ok=True)
    if how == "garbage":
        site.journal.path.write_bytes(b"garbage" * 4000)
    site.start()
    if site.journal.was_corrupt:
        site.health.alarm("journal_corrupt")


async def test_fault_a19__stopped_for_long__reads_before_it_acts(site: Site) -> None:
    """Between two ticks the job was taken away: nothing is submitted or reported."""
    site.chain.assign(JOB)
    await site.ticks(2)
    requests = len(site.slurm.requests)
    site.clock.pass_s(600)
    site.chain.move(JOB, Standing.LOST)
    await site.ticks(6)
    assert len(site.slurm.requests) <= max(1, requests)
    assert site.slurm.live_count() == 0
    assert site.chain.contracts[JOB].reports == 0
