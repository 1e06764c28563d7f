"""`/v1/scripts` over HTTP: the chain says who may have a script."""

import pytest
from tests.sbatch_api.doubles import (
    ALICE,
    BOB,
    HASH,
    JOB,
    PROVIDER,
    a_job,
    a_script,
    an_ended_job,
)
from tests.sbatch_api.http import Stage

from deepsquare.identifiers import Address
from deepsquare_sbatch_api.domain.access import JobFacts

PATH = f"/v1/scripts/{HASH}"
MISSING = {"code": "not_found", "message": "no such script, or it is not yours", "details": {}}


async def keep(stage: Stage) -> None:
    await stage.scripts.save(a_script("h"), request_key=None)


async def test_fetch__provider_of_the_job__gets_the_bytes(stage: Stage) -> None:
    await keep(stage)
    stage.jobs.put(a_job())
    async with stage.client(PROVIDER) as client:
        answer = await client.get(PATH, params={"job": JOB})
    assert answer.content == b"#!/bin/bash -l\n"
    assert answer.headers["content-type"].startswith("text/x-shellscript")
    assert answer.headers["etag"] == f'"{HASH}"'
    assert stage.scripts.links == {(HASH, JOB): None}


async def test_fetch__decimal_job_id__is_understood(stage: Stage) -> None:
    await keep(stage)
    stage.jobs.put(a_job())
    async with stage.client(PROVIDER) as client:
        answer = await client.get(PATH, params={"job": str(int(JOB, 16))})
    assert answer.status_code == 200


async def test_fetch__submitter__gets_it_without_a_job(stage: Stage) -> None:
    await keep(stage)
    stage.jobs.is_away = True
    async with stage.client(ALICE) as client:
        assert (await client.get(PATH)).status_code == 200


@pytest.mark.parametrize(
    ("caller", "job"),
    [
        (BOB, a_job()),
        (PROVIDER, a_job(batch_location_hash="o" * 31)),
        (PROVIDER, a_job(provider=None, is_with_provider=False)),
        (PROVIDER, an_ended_job()),
        (PROVIDER, a_job(provider=BOB)),
    ],
)
async def test_fetch__not_entitled__is_told_the_same_as_for_no_script(
    stage: Stage, caller: Address, job: JobFacts
) -> None:
    """faults.md G13."""
    stage.jobs.put(job)
    async with stage.client(caller) as client:
        before = await client.get(PATH, params={"job": JOB})
        await keep(stage)
        after = await client.get(PATH, params={"job": JOB})
    assert before.status_code == after.status_code == 404
    assert before.json() == after.json() == MISSING
    assert not stage.scripts.links


async def test_fetch__provider_without_naming_the_job__is_404(stage: Stage) -> None:
    await keep(stage)
    stage.jobs.put(a_job())
    async with stage.client(PROVIDER) as client:
        assert (await client.get(PATH)).json() == MISSING


async def test_fetch__script_gone_but_job_held__is_404(stage: Stage) -> None:
    """faults.md D3."""
    stage.jobs.put(a_job())
    async with stage.client(PROVIDER) as client:
        assert (await client.get(PATH, params={"job": JOB})).status_code == 404


async def test_fetch__chain_away__is_503_with_retry_after(stage: Stage) -> None:
    await keep(stage)
    stage.jobs.is_away = True
    async with stage.client(PROVIDER) as client:
        answer = await client.get(PATH, params={"job": JOB})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["code"] == "chain_unavailable"


async def test_fetch__malformed_job_id__is_400(stage: Stage) -> None:
    async with stage.client(PROVIDER) as client:
        answer = await client.get(PATH, params={"job": "0x12"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_identifier"


async def test_delete__submitter__drops_it(stage: Stage) -> None:
    await keep(stage)
    async with stage.client(ALICE) as client:
        assert (await client.delete(PATH)).status_code == 204
        assert (await client.get(PATH)).status_code == 404


async def test_delete__hot_job_that_nobody_has_fetched_yet__is_409(stage: Stage) -> None:
    await keep(stage)
    stage.jobs.put(a_job(provider=None, is_with_provider=False))
    async with stage.client(ALICE) as client:
        answer = await client.delete(PATH)
    assert answer.status_code == 409
    assert "cancel the job first" in answer.json()["message"]


async def test_delete__job_has_ended__drops_it(stage: Stage) -> None:
    await keep(stage)
    await stage.scripts.link(HASH, JOB)
    stage.jobs.put(an_ended_job())
    async with stage.client(ALICE) as client:
        assert (await client.delete(PATH)).status_code == 204


@pytest.mark.parametrize("caller", [BOB, PROVIDER])
async def test_delete__somebody_else__is_404_and_stays(stage: Stage, caller: Address) -> None:
    await keep(stage)
    stage.jobs.put(a_job())
    async with stage.client(caller) as client:
        answer = await client.delete(PATH)
    assert (answer.status_code, answer.json()) == (404, MISSING)
    assert stage.scripts.scripts


async def test_delete__chain_away__keeps_it(stage: Stage) -> None:
    await keep(stage)
    stage.jobs.is_away = True
    async with stage.client(ALICE) as client:
        assert (await client.delete(PATH)).status_code == 503
    assert stage.scripts.scripts
