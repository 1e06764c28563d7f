"""`/v1/workflows` over HTTP."""

import asyncio
import time
from pathlib import Path

import pytest
from tests.sbatch_api.doubles import ALICE, BOB
from tests.sbatch_api.http import Api

from deepsquare.hashing import batch_location_hash
from deepsquare_sbatch_api.entrypoints.planner import offline_planner


async def test_submit__valid__answers_what_the_chain_needs(api: Api) -> None:
    async with api.client(ALICE) as client:
        answer = await client.post("/v1/workflows", content=b"doc")
    assert answer.status_code == 201
    [stored] = api.scripts.scripts.values()
    assert answer.json() == {
        "batchLocationHash": batch_location_hash(stored.content),
        "resources": {"tasks": 1, "cpusPerTask": 1, "memPerCpu": 1, "gpus": 0},
        "warnings": [],
        "images": [],
        "modules": [],
        "expiresAt": "2026-03-02T12:00:00Z",
    }
    assert stored.submitter == ALICE


async def test_submit__same_workflow_twice__gives_two_hashes(api: Api) -> None:
    async with api.client(ALICE) as client:
        answers = [await client.post("/v1/workflows", content=b"doc") for _ in range(2)]
    assert len({answer.json()["batchLocationHash"] for answer in answers}) == 2


async def test_submit__same_key_and_body__gives_the_same_answer(api: Api) -> None:
    """faults.md D7."""
    key = {"Idempotency-Key": "k1"}
    async with api.client(ALICE) as client:
        first = await client.post("/v1/workflows", content=b"doc", headers=key)
        again = await client.post("/v1/workflows", content=b"doc", headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(api.scripts.scripts) == 1


async def test_submit__same_key_at_the_same_time__makes_one_script(api: Api) -> None:
    key = {"Idempotency-Key": "k1"}
    async with api.client(ALICE) as client:
        sends = [client.post("/v1/workflows", content=b"doc", headers=key) for _ in range(20)]
        answers = await asyncio.gather(*sends)
    assert len({answer.json()["batchLocationHash"] for answer in answers}) == 1
    assert len(api.scripts.scripts) == 1


async def test_submit__same_key_other_body__is_409(api: Api) -> None:
    key = {"Idempotency-Key": "k1"}
    async with api.client(ALICE) as client:
        await client.post("/v1/workflows", content=b"doc", headers=key)
        answer = await client.post("/v1/workflows", content=b"other", headers=key)
    assert answer.status_code == 409
    assert answer.json()["code"] == "request_key_reused"
    assert "make a new key for each one" in answer.json()["message"]


async def test_submit__same_key_of_another_account__is_another_key(api: Api) -> None:
    key = {"Idempotency-Key": "k1"}
    async with api.client(ALICE) as alice, api.client(BOB) as bob:
        await alice.post("/v1/workflows", content=b"doc", headers=key)
        assert (await bob.post("/v1/workflows", content=b"no", headers=key)).status_code == 201


async def test_submit__key_with_a_blank__is_400(api: Api) -> None:
    async with api.client(ALICE) as client:
        key = {"Idempotency-Key": "a b"}
        answer = await client.post("/v1/workflows", content=b"doc", headers=key)
    assert answer.status_code == 400


async def test_submit__not_signed_in__is_401(api: Api) -> None:
    async with api.client() as client:
        answer = await client.post("/v1/workflows", content=b"doc")
    assert answer.status_code == 401
    assert answer.json()["message"] == "sign in first: see /v1/auth/nonce and /v1/auth/login"
    assert not api.scripts.scripts


async def test_submit__anonymous_allowed__is_stored_for_nobody(tmp_path: Path) -> None:
    api = Api(tmp_path, allow_anonymous=True)
    async with api.client() as client:
        assert (await client.post("/v1/workflows", content=b"doc")).status_code == 201
    [script] = api.scripts.scripts.values()
    assert script.submitter is None


async def test_submit__invalid__is_422_with_the_error_objects(api: Api) -> None:
    async with api.client(ALICE) as client:
        answer = await client.post("/v1/workflows", content=b"bad")
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_workflow"
    assert answer.json()["details"] == [
        {
            "type": "validation",
            "tag": "required",
            "namespace": "Job.steps",
            "field": "steps",
            "message": "give steps",
        }
    ]


@pytest.mark.parametrize("route", ["/v1/workflows:validate", "/v1/workflows:render"])
async def test_dry_run__any__stores_nothing(api: Api, route: str) -> None:
    async with api.client(ALICE) as client:
        good = await client.post(route, content=b"doc")
        bad = await client.post(route, content=b"bad")
    assert (good.status_code, bad.status_code) == (200, 422)
    assert good.json()["warnings"] == []
    assert not api.scripts.scripts


async def test_validate__not_signed_in__is_allowed(api: Api) -> None:
    async with api.client() as client:
        assert (await client.post("/v1/workflows:validate", content=b"doc")).status_code == 200


async def test_render__not_signed_in__is_401_even_where_submits_are_open(tmp_path: Path) -> None:
    api = Api(tmp_path, allow_anonymous=True)
    async with api.client() as client:
        assert (await client.post("/v1/workflows:render", content=b"doc")).status_code == 401


BOMB = b"a0: &a0 [x, x]\n" + b"".join(
    b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60)
)


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (BOMB, 422),
        (b"[" * 10_000, 422),
        (b'{"a":' * 10_000, 422),
        (b"- " * 10_000, 422),
        (b"x" * 50_000_000, 413),
    ],
    ids=["aliases", "brackets", "objects", "sequences", "size"],
)
async def test_submit__hostile_document__is_refused_fast(
    tmp_path: Path, document: bytes, status: int
) -> None:
    """faults.md F2."""
    api = Api(tmp_path, planner=offline_planner())
    async with api.client(ALICE) as client:
        began = time.process_time()
        answer = await client.post("/v1/workflows", content=document)
        took_s = time.process_time() - began
    assert answer.status_code == status
    assert took_s < 1
    assert len(answer.json()["details"]) == 1


async def test_schema__anyone__is_the_json_schema(api: Api) -> None:
    async with api.client() as client:
        answer = await client.get("/v1/schema")
    assert answer.json()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
