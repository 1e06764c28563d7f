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
from tests.sbatch_api.http import Api

from deepsquare.identifiers import Address
from deepsquare_sbatch_api.domain.access import JobFacts

PATH = f"/v1/scripts/{HASH}"
MISSING = {"code": "not_found", "message": "no such script, or it is not yours", "details": {}}


async def keep(api: Api) -> None:
    await api.scripts.save(a_script("h"), request_key=None)


async def test_fetch__provider_of_the_job__gets_the_bytes(api: Api) -> None:
    await keep(api)
    api.jobs.put(a_job())
    async with api.client(PROVIDER) as client:
        answer = await client.get(PATH, params={"job": JOB})
    assert answer.content == b"#!/bin/bash -l\n"
    assert answer.headers["content-type"].startswith("text/x-shellscript")
    assert answer.headers["etag"] == f'"{HASH}"'
    assert api.scripts.links == {(HASH, JOB): None}


async def test_fetch__decimal_job_id__is_understood(api: Api) -> None:
    await keep(api)
    api.jobs.put(a_job())
    async with api.client(PROVIDER) as client:
        answer = await client.get(PATH, params={"job": str(int(JOB, 16))})
    assert answer.status_code == 200


async def test_fetch__submitter__gets_it_without_a_job(api: Api) -> None:
    await keep(api)
    api.jobs.is_away = True
    async with api.client(ALICE) as client:
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
    api: Api, caller: Address, job: JobFacts
) -> None:
    """faults.md G13."""
    api.jobs.put(job)
    async with api.client(caller) as client:
        before = await client.get(PATH, params={"job": JOB})
        await keep(api)
        after = await client.get(PATH, params={"job": JOB})
    assert before.status_code == after.status_code == 404
    assert before.json() == after.json() == MISSING
    assert not api.scripts.links


async def test_fetch__provider_without_naming_the_job__is_404(api: Api) -> None:
    await keep(api)
    api.jobs.put(a_job())
    async with api.client(PROVIDER) as client:
        assert (await client.get(PATH)).json() == MISSING


async def test_fetch__script_gone_but_job_held__is_404(api: Api) -> None:
    """faults.md D3."""
    api.jobs.put(a_job())
    async with api.client(PROVIDER) as client:
        assert (await client.get(PATH, params={"job": JOB})).status_code == 404


async def test_fetch__chain_away__is_503_with_retry_after(api: Api) -> None:
    await keep(api)
    api.jobs.is_away = True
    async with api.client(PROVIDER) as client:
        answer = await client.get(PATH, params={"job": JOB})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["code"] == "chain_unavailable"


async def test_fetch__malformed_job_id__is_400(api: Api) -> None:
    async with api.client(PROVIDER) as client:
        answer = await client.get(PATH, params={"job": "0x12"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_identifier"


async def test_delete__submitter__drops_it(api: Api) -> None:
    await keep(api)
    async with api.client(ALICE) as client:
        assert (await client.delete(PATH)).status_code == 204
        assert (await client.get(PATH)).status_code == 404


async def test_delete__hot_job_that_nobody_has_fetched_yet__is_409(api: Api) -> None:
    await keep(api)
    api.jobs.put(a_job(provider=None, is_with_provider=False))
    async with api.client(ALICE) as client:
        answer = await client.delete(PATH)
    assert answer.status_code == 409
    assert "cancel the job first" in answer.json()["message"]


async def test_delete__job_has_ended__drops_it(api: Api) -> None:
    await keep(api)
    await api.scripts.link(HASH, JOB)
    api.jobs.put(an_ended_job())
    async with api.client(ALICE) as client:
        assert (await client.delete(PATH)).status_code == 204


@pytest.mark.parametrize("caller", [BOB, PROVIDER])
async def test_delete__somebody_else__is_404_and_stays(api: Api, caller: Address) -> None:
    await keep(api)
    api.jobs.put(a_job())
    async with api.client(caller) as client:
        answer = await client.delete(PATH)
    assert (answer.status_code, answer.json()) == (404, MISSING)
    assert api.scripts.scripts


async def test_delete__chain_away__keeps_it(api: Api) -> None:
    await keep(api)
    api.jobs.is_away = True
    async with api.client(ALICE) as client:
        assert (await client.delete(PATH)).status_code == 503
    assert api.scripts.scripts
