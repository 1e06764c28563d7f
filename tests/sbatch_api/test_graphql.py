"""`/graphql` for existing clients (api.md section 2)."""

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, Undefined, build_schema, get_introspection_query
from tests.sbatch_api.doubles import ALICE, BOB, HASH, JOB, PROVIDER, a_job, a_script
from tests.sbatch_api.http import Api

from deepsquare.hashing import batch_location_hash
from deepsquare.workflow import type_spec
from deepsquare.workflow.model import WORKFLOW_TYPES
from deepsquare_sbatch_api.entrypoints.graphql.sdl import sdl
from deepsquare_sbatch_api.entrypoints.planner import offline_planner

SUBMIT = "mutation Submit($job: Job!) { submit(job: $job) }"
RESOURCES = {"tasks": 1, "cpusPerTask": 1, "memPerCpu": 512, "gpus": 0}
HELLO: dict[str, Any] = {"resources": RESOURCES, "steps": [{"run": {"command": "echo hello"}}]}


@pytest.fixture
def real(tmp_path: Path) -> Api:
    """The application with the real parser and renderer, open to clients that do not sign in."""
    return Api(tmp_path, allow_anonymous=True, planner=offline_planner())


async def post(api: Api, query: str, *, account: Any = None, **variables: Any) -> Any:
    async with api.client(account) as client:
        body = json.dumps({"query": query, "variables": variables})
        answer = await client.post("/graphql", content=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(api: Api, **body: Any) -> Any:
    async with api.client() as client:
        answer = await client.post("/graphql", json=body)
    assert answer.status_code == 400, answer.text
    return answer.json()


async def test_submit__as_existing_clients_do__returns_the_hash(real: Api) -> None:
    answer = await post(real, SUBMIT, job=HELLO)
    [script] = real.scripts.scripts.values()
    assert answer == {"data": {"submit": batch_location_hash(script.content)}}


async def test_submit__unknown_field__is_200_with_empty_data_and_extensions(real: Api) -> None:
    job = {**HELLO, "steps": [{"command": "echo", "run": {"command": "x"}}]}
    answer = await post(real, SUBMIT, job=job)
    assert answer["data"] == {"submit": ""}
    [error] = answer["errors"]
    assert error["path"] == ["submit"]
    assert error["message"] == error["extensions"]["original_message"]
    assert error["extensions"] == {
        "type": "validation",
        "tag": "unknown_field",
        "namespace": "Job.steps[0].command",
        "field": "command",
        "message": error["message"],
        "suggestion": "run.command",
        "original_message": error["message"],
    }
    assert not real.scripts.scripts


async def test_submit__several_problems__are_one_error_each(real: Api) -> None:
    job = {"resources": {**RESOURCES, "tasks": 0, "gpus": -1}, "steps": [{"run": {}}]}
    answer = await post(real, SUBMIT, job=job)
    places = [error["extensions"]["namespace"] for error in answer["errors"]]
    assert places == [
        "Job.resources.tasks",
        "Job.resources.gpus",
        "Job.steps[0].run.command",
    ]


async def test_submit__more_problems_than_are_listed__says_how_many(real: Api) -> None:
    """W-ERR-1."""
    answer = await post(real, SUBMIT, job=HELLO | {f"mistake{number}": 1 for number in range(103)})
    assert (len(answer["errors"]), answer["errors"][-1]["message"]) == (101, "and 3 more")


async def test_submit__single_value_for_a_list__is_a_list_of_one(real: Api) -> None:
    """W-DOC-6."""
    job = {**HELLO, "steps": HELLO["steps"][0], "env": {"key": "A", "value": "1"}}
    answer = await post(real, SUBMIT, job=job)
    assert "errors" not in answer
    [script] = real.scripts.scripts.values()
    assert b"echo hello" in script.content


async def test_submit__literal_in_the_query__is_parsed_the_same(real: Api) -> None:
    query = """mutation($command: String!) { submit(job: {
      resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 512, gpus: 0},
      steps: [{name: "x", run: {command: $command, shel: "/bin/sh"}}]
    }) }"""
    answer = await post(real, query, command="echo hello")
    [error] = answer["errors"]
    assert error["extensions"]["suggestion"] == "shell"


async def test_submit__variable_inside_a_literal__reaches_the_script(real: Api) -> None:
    query = """mutation($command: String!) { submit(job: {
      resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 512, gpus: 0},
      steps: [{run: {command: $command}}]
    }) }"""
    assert "errors" not in await post(real, query, command="echo from-a-variable")
    [script] = real.scripts.scripts.values()
    assert b"echo from-a-variable" in script.content


@pytest.mark.parametrize("job", ["text", 3, [], [HELLO, HELLO], {"job": HELLO, "x": 1}])
async def test_submit__no_job_at_all__is_told_as_problems(real: Api, job: Any) -> None:
    answer = await post(real, SUBMIT, job=job)
    assert answer["data"] == {"submit": ""}
    assert {error["extensions"]["type"] for error in answer["errors"]} == {"validation"}


async def test_submit__no_variable__is_an_error_without_data(real: Api) -> None:
    answer = await post(real, SUBMIT)
    assert answer["data"] is None
    assert "$job" in answer["errors"][0]["message"]
    extensions = answer["errors"][0]["extensions"]
    assert extensions["type"] == "validation"
    assert extensions["original_message"] == extensions["message"]


async def test_submit__half_of_a_surrogate_pair_in_a_name__is_told(real: Api) -> None:
    """faults.md F1: JSON can write what UTF-8 cannot."""
    answer = await post(real, SUBMIT, job={**HELLO, "\ud800": 1})
    assert answer["errors"][0]["extensions"]["field"] == "\N{REPLACEMENT CHARACTER}"
    async with real.client() as client:
        text = json.dumps({**HELLO, "\ud800": 1})
        refused = await client.post("/v1/workflows", content=text)
    assert refused.status_code == 422
    assert refused.json()["details"][0]["field"] == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    "query",
    [
        "mutation S($job: Job!) { ...F } fragment F on Mutation { submit(job: $job) }",
        "mutation S($job: Job!) { ... on Mutation { submit(job: $job) } }",
    ],
)
async def test_submit__inside_a_fragment__is_answered_alike(real: Api, query: str) -> None:
    answer = await post(real, query, job={**HELLO, "stepz": []})
    assert answer["data"] == {"submit": ""}
    assert answer["errors"][0]["extensions"]["suggestion"] == "steps"


async def test_submit__empty_operation_name__is_as_none(real: Api) -> None:
    """Clients in Go write an unset name as an empty text."""
    body = {"query": SUBMIT, "variables": {"job": HELLO}, "operationName": ""}
    async with real.client() as client:
        answer = await client.post("/graphql", json=body)
    assert answer.json()["data"]["submit"]


async def test_introspection__beside_another_field__shows_input_types(real: Api) -> None:
    query = '{ __type(name: "Job") { kind } job(batchLocationHash: "x") }'
    async with real.client() as client:
        answer = await client.post(
            "/graphql",
            json={
                "query": "{ t: __typename ...F } fragment F"
                ' on Query { __type(name: "Job") { kind } }'
            },
        )
        mixed = await client.post("/graphql", json={"query": query})
    assert answer.json()["data"]["__type"] == {"kind": "INPUT_OBJECT"}
    assert mixed.json()["errors"][0]["extensions"]["tag"] == "not_found"


@pytest.mark.parametrize("name", ["\ud800", "\0", "", "x" * 31 + "\n"])
async def test_job__no_hash_at_all__is_not_found(real: Api, name: str) -> None:
    query = "query($h: String!) { job(batchLocationHash: $h) }"
    answer = await post(real, query, account=ALICE, h=name)
    assert answer["errors"][0]["extensions"]["tag"] == "not_found"


async def test_submit__store_away__is_internal(real: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from deepsquare_sbatch_api.domain.errors import StoreUnavailable

    async def away(*_: object, **__: object) -> bytes:
        raise StoreUnavailable("the database does not answer")

    monkeypatch.setattr(real.scripts, "save", away)
    answer = await post(real, SUBMIT, job=HELLO)
    assert answer["data"] == {"submit": ""}
    assert answer["errors"][0]["extensions"]["type"] == "internal"
    assert answer["errors"][0]["extensions"]["tag"] == "store_unavailable"


async def test_submit__same_idempotency_key__gives_the_same_hash(real: Api) -> None:
    body = {"query": SUBMIT, "variables": {"job": HELLO}}
    async with real.client() as client:
        answers = [
            await client.post("/graphql", json=body, headers={"Idempotency-Key": "k"})
            for _ in range(2)
        ]
    assert answers[0].json() == answers[1].json()
    assert len(real.scripts.scripts) == 1


async def test_submit__not_signed_in_where_it_is_needed__is_401(api: Api) -> None:
    async with api.client() as client:
        answer = await client.post("/graphql", json={"query": SUBMIT})
    assert answer.status_code == 401


async def test_validate__good_and_bad_module__answers_as_data(real: Api) -> None:
    query = "mutation($module: Module!) { validate(module: $module) }"
    module = {
        "name": "n",
        "description": "d",
        "minimumResources": RESOURCES,
        "steps": HELLO["steps"],
    }
    assert await post(real, query, module=module) == {"data": {"validate": "valid"}}
    answer = await post(real, query, module={**module, "steps": [{"rum": {}}]})
    assert answer["data"]["validate"] == 'unknown field "rum"; did you mean "run"?'


async def test_job__submitter__gets_the_script(real: Api) -> None:
    await real.scripts.save(a_script("h"), request_key=None)
    query = f'{{ job(batchLocationHash: "{HASH}") }}'
    answer = await post(real, query, account=ALICE)
    assert answer == {"data": {"job": "#!/bin/bash -l\n"}}


async def test_job__provider_of_a_known_job__gets_the_script(real: Api) -> None:
    await real.scripts.save(a_script("h"), request_key=None)
    await real.scripts.link(HASH, JOB)
    real.jobs.put(a_job())
    query = f'{{ job(batchLocationHash: "{HASH}") }}'
    assert (await post(real, query, account=PROVIDER))["data"]["job"] == "#!/bin/bash -l\n"


@pytest.mark.parametrize("account", [None, BOB])
async def test_job__anybody_else__is_told_the_same_as_for_no_script(
    real: Api, account: Any
) -> None:
    query = f'{{ job(batchLocationHash: "{HASH}") }}'
    before = await post(real, query, account=account)
    await real.scripts.save(a_script("h"), request_key=None)
    after = await post(real, query, account=account)
    assert before == after
    assert before["data"] is None
    assert before["errors"][0]["message"] == "no such script, or it is not yours"


async def test_bug_in_a_field__any__tells_nothing(
    real: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode(*_: object, **__: object) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr(real.scripts, "find", explode)
    answer = await post(real, f'{{ job(batchLocationHash: "{HASH}") }}', account=ALICE)
    assert "secret" not in json.dumps(answer)
    assert answer["errors"][0]["message"] == "something went wrong here; it has been logged"


async def test_introspection__post_and_get__shows_every_type_of_the_model(real: Api) -> None:
    query = get_introspection_query()
    answer = await post(real, query)
    async with real.client() as client:
        got = await client.get("/graphql", params={"query": query})
    assert got.json() == answer
    fields_by_type = {
        item["name"]: [f["name"] for f in item["inputFields"]]
        for item in answer["data"]["__schema"]["types"]
        if item["kind"] == "INPUT_OBJECT"
    }
    specs = [type_spec(cls) for cls in WORKFLOW_TYPES]
    assert fields_by_type == {spec.name: [f.wire for f in spec.fields] for spec in specs}


def test_sdl__published__has_no_default_values_and_only_known_scalars() -> None:
    schema = build_schema(sdl())
    inputs = {
        name: kind.fields
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLInputObjectType)
    }
    assert set(inputs) == {type_spec(cls).name for cls in WORKFLOW_TYPES}
    assert all(f.default_value is Undefined for fs in inputs.values() for f in fs.values())
    assert str(inputs["Job"]["steps"].type) == "[Step!]!"
    assert str(inputs["StepFor"]["parallel"].type) == "Boolean"


async def test_get__mutation__is_refused(real: Api) -> None:
    async with real.client() as client:
        query = 'mutation { validate(module: {name: "x"}) }'
        answer = await client.get("/graphql", params={"query": query})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "only queries are served to GET; use POST"


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("", "Syntax Error"),
        ("{", "Syntax Error"),
        ("{ nothing }", "Cannot query field 'nothing'"),
        ("query A { __typename } query B { __typename }", "name the operation to run"),
        ("{ " + "a" * 3 + " { b " * 30 + "}" * 31, "nested deeper than 20"),
        ("{ job(batchLocationHash: " + "[" * 5000 + "]" * 5000 + ") }", "nested too deeply"),
        ("{ job(x: [" + "1 " * 20_001 + "]) }", "more than 20000 tokens|Parsing aborted"),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(11)) + " }", "at most 10 fields"),
        (
            "{ __schema { ...A } }"
            + "".join(
                f"fragment {a} on __Schema {{ x: types {{ ...{b} }} y: types {{ ...{b} }} }}"
                for a, b in zip("ABCDEFGHIJ", "BCDEFGHIJK", strict=True)
            )
            + "fragment K on __Schema { __typename }",
            "more than 500 fields|nested deeper",
        ),
        ("{ ...A } fragment A on Query { ...A }", "more than 500 fields|nested deeper"),
    ],
)
async def test_query__malformed_or_hostile__is_400(real: Api, query: str, complaint: str) -> None:
    answer = await refused(real, query=query)
    messages = " ".join(error["message"] for error in answer["errors"])
    assert any(part in messages for part in complaint.split("|")), messages


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"nonsense", b'{"query": 1}', b'{"query": "{a}", "variables": []}', b"[" * 90_000],
)
async def test_body__malformed__is_400(real: Api, body: bytes) -> None:
    async with real.client() as client:
        answer = await client.post("/graphql", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "query",
    [
        "mutation S($job: Job!) { %s }",
        "mutation S($job: Job!) { ...F } fragment F on Mutation { %s }",
        "mutation S($job: Job!) { ...F ...F } fragment F on Mutation { ... { %s } }",
    ],
)
async def test_submit__too_many_in_one_request__is_refused(real: Api, query: str) -> None:
    many = " ".join(f"a{i}: submit(job: $job)" for i in range(11))
    told = await refused(real, query=query % many, variables={"job": HELLO})
    assert "at most 10 fields at the top" in told["message"]
    assert not real.scripts.scripts
