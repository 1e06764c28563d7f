"""Retention: what is dropped, and what never (api.md section 1)."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.sbatch_api.doubles import (
    HASH,
    JOB,
    NOON,
    JobBoard,
    MemoryScripts,
    SteppedClock,
    a_job,
    a_script,
    an_ended_job,
)

from deepsquare.identifiers import JobId
from deepsquare_sbatch_api.app.survey import Survey
from deepsquare_sbatch_api.app.sweep import Sweep, Swept
from deepsquare_sbatch_api.domain.errors import ChainUnavailable, StoreUnavailable
from deepsquare_sbatch_api.domain.retention import Retention
from deepsquare_sbatch_api.ports.scripts import RequestKey

NOTHING = Swept()


@dataclass
class QuietLogs:
    """A log store of which only the idle jobs are known."""

    idle: dict[JobId, float] = field(default_factory=dict)
    """Hours after noon at which each was last written."""
    deleted: list[JobId] = field(default_factory=list)

    async def idle_since(self, moment: object) -> list[JobId]:
        return [job for job, hours in self.idle.items() if NOON + timedelta(hours=hours) < moment]  # type: ignore[operator]

    async def delete(self, job_id: JobId) -> None:
        self.deleted.append(job_id)


@dataclass
class House:
    clock: SteppedClock = field(default_factory=SteppedClock)
    jobs: JobBoard = field(default_factory=JobBoard)
    scripts: MemoryScripts = field(default_factory=MemoryScripts)
    logs: QuietLogs = field(default_factory=QuietLogs)

    def __post_init__(self) -> None:
        survey = Survey(self.scripts, self.jobs)
        self.sweep = Sweep(
            survey,
            self.scripts,
            self.logs,  # type: ignore[arg-type]
            self.jobs,
            self.clock,
            Retention(),
        )


@pytest.fixture
async def house() -> House:
    """A house with one script, stored at noon."""
    made = House()
    key = RequestKey("alice", "k", "digest")
    await made.scripts.save(a_script(), request_key=key)
    return made


async def test_sweep__nobody_refers__drops_after_24_hours(house: House) -> None:
    house.clock.step(hours=23.9)
    assert await house.sweep.run() == NOTHING
    house.clock.step(hours=0.1)
    assert await house.sweep.run() == Swept(scripts=(HASH,))
    assert not house.scripts.scripts


async def test_sweep__job_waits_unfetched_for_days__keeps_its_script(house: House) -> None:
    house.jobs.put(a_job(provider=None, is_with_provider=False))
    house.clock.step(days=30)
    assert await house.sweep.run() == NOTHING
    assert await house.scripts.hot_jobs() == [JOB]


async def test_sweep__job_ended__drops_24_hours_after_its_end(house: House) -> None:
    house.jobs.put(a_job())
    house.clock.step(days=9)
    assert await house.sweep.run() == NOTHING
    house.jobs.put(an_ended_job(house.clock.now()))
    house.clock.step(hours=23.9)
    assert await house.sweep.run() == NOTHING
    house.clock.step(hours=0.1)
    assert (await house.sweep.run()).scripts == (HASH,)


async def test_sweep__job_came_and_ended_between_two_passes__is_kept_by_its_fetch(
    house: House,
) -> None:
    await house.scripts.link(HASH, JOB)
    house.clock.step(hours=23)
    house.jobs.put(an_ended_job(house.clock.now()))
    house.clock.step(hours=2)
    assert await house.sweep.run() == NOTHING


async def test_sweep__second_job_of_the_same_script_is_hot__keeps_it(house: House) -> None:
    other = JobId("0x" + "1" * 64)
    house.jobs.put(a_job())
    house.jobs.put(a_job(job_id=other))
    assert await house.sweep.run() == NOTHING
    house.jobs.put(an_ended_job(NOON))
    house.clock.step(days=5)
    assert await house.sweep.run() == NOTHING
    house.jobs.put(an_ended_job(NOON, job_id=other))
    assert (await house.sweep.run()).scripts == (HASH,)


async def test_sweep__chain_away__drops_nothing(house: House) -> None:
    """faults.md, rule 4: unknown is not failed."""
    house.clock.step(days=30)
    house.jobs.is_away = True
    with pytest.raises(ChainUnavailable):
        await house.sweep.run()
    assert house.scripts.scripts


async def test_sweep__linked_job_vanished_in_a_reorg__keeps_the_script(house: House) -> None:
    house.jobs.put(a_job())
    await house.sweep.run()
    house.jobs.jobs.clear()
    house.clock.step(days=30)
    assert await house.sweep.run() == NOTHING


async def test_sweep__end_of_a_job_undone_by_a_reorg__keeps_the_script(house: House) -> None:
    """faults.md C10."""
    house.jobs.put(a_job())
    await house.sweep.run()
    house.jobs.put(an_ended_job(NOON))
    await house.sweep.run()
    house.jobs.put(a_job())
    house.clock.step(days=9)
    assert await house.sweep.run() == NOTHING


async def test_sweep__log_of_a_job_that_ended_30_days_ago__goes(house: House) -> None:
    house.jobs.put(an_ended_job(NOON))
    house.logs.idle = {JOB: 1}
    house.clock.step(days=30)
    assert (await house.sweep.run()).logs == ()
    house.clock.step(hours=2)
    assert (await house.sweep.run()).logs == (JOB,)
    assert house.logs.deleted == [JOB]


async def test_sweep__store_too_full_for_a_link__still_makes_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """faults.md A20: with the disk full, what has expired must go."""

    async def full(*_: object) -> None:
        raise StoreUnavailable("the database does not answer: database or disk is full")

    monkeypatch.setattr(house.scripts, "link", full)
    house.jobs.put(a_job(job_id=JobId("0x" + "1" * 64)))
    house.jobs.put(an_ended_job(NOON))
    house.logs.idle = {JOB: 1}
    house.clock.step(days=31)
    with pytest.raises(StoreUnavailable):
        await house.sweep.run()
    assert house.logs.deleted == [JOB]


async def test_sweep__idle_log_of_a_hot_job__stays(house: House) -> None:
    house.jobs.put(a_job())
    house.logs.idle = {JOB: 1}
    house.clock.step(days=90)
    assert (await house.sweep.run()).logs == ()


async def test_sweep__known_hot_jobs__are_read_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.jobs.put(a_job())
    await house.sweep.run()
    reads: list[JobId] = []
    find = house.jobs.find

    async def counting(job_id: JobId) -> object:
        reads.append(job_id)
        return await find(job_id)

    monkeypatch.setattr(house.jobs, "find", counting)
    await house.sweep.run()
    assert reads == []
