"""Promises about every route: access rule, limits, errors, CORS."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from tests.sbatch_api.doubles import ALICE, BOB, HASH
from tests.sbatch_api.http import PLENTY, URL, Api

from deepsquare_sbatch_api.entrypoints.http import failures
from deepsquare_sbatch_api.entrypoints.http.gates import Who
from deepsquare_sbatch_api.entrypoints.http.openapi import gates_of
from deepsquare_sbatch_api.ports.limits import Allowance

WHO_BY_ROUTE = {
    "GET /v1/auth/nonce": Who.ANYONE,
    "POST /v1/auth/login": Who.ANYONE,
    "POST /v1/workflows": Who.SUBMITTER,
    "POST /v1/workflows:validate": Who.ANYONE,
    "POST /v1/workflows:render": Who.SIGNED_IN,
    "GET /v1/schema": Who.ANYONE,
    "GET /v1/scripts/{script_hash}": Who.SIGNED_IN,
    "DELETE /v1/scripts/{script_hash}": Who.SIGNED_IN,
    "POST /v1/jobs/{job_id}/logs": Who.SIGNED_IN,
    "GET /v1/jobs/{job_id}/logs": Who.SIGNED_IN,
    "GET /v1/jobs/{job_id}/logs/size": Who.SIGNED_IN,
    "POST /graphql": Who.SUBMITTER,
    "GET /graphql": Who.SUBMITTER,
    "GET /healthz": Who.OPERATOR,
    "GET /readyz": Who.OPERATOR,
    "GET /metrics": Who.OPERATOR,
}


def routes(api: Api) -> dict[str, APIRoute]:
    return {
        f"{method} {route.path}": route
        for route in api.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def test_routes__each__has_exactly_one_gate_as_listed(api: Api) -> None:
    found = {name: [gate.who for gate in gates_of(route)] for name, route in routes(api).items()}
    assert found == {name: [who] for name, who in WHO_BY_ROUTE.items()}


def test_routes__besides_these__only_the_openapi_document(api: Api) -> None:
    others = {getattr(r, "path", "") for r in api.app.routes if not isinstance(r, APIRoute)}
    assert others == {"/openapi.json"}


@pytest.mark.parametrize("name", [n for n, who in WHO_BY_ROUTE.items() if who is Who.SIGNED_IN])
async def test_signed_in_route__without_a_token__is_401_whatever_exists(
    api: Api, name: str
) -> None:
    method, path = name.split()
    async with api.client() as client:
        answer = await client.request(method, path.format(script_hash="x", job_id="1"))
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_operator_route__from_elsewhere__is_404(api: Api, path: str) -> None:
    transport = httpx.ASGITransport(api.app, client=("203.0.113.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        assert (await client.get(path)).status_code == 404
    async with api.client() as client:
        assert (await client.get(path)).status_code == 200


async def test_ready__chain_away__says_which_part(api: Api) -> None:
    api.jobs.is_away = True
    async with api.client() as client:
        answer = await client.get("/readyz")
        alive = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {
        "scripts": "ok",
        "chain": "the chain cannot be asked: it is away",
    }
    assert alive.status_code == 200


async def test_metrics__after_requests__counts_by_route_template(api: Api) -> None:
    async with api.client(ALICE) as client:
        await client.get("/v1/scripts/secret-looking-hash")
        text = (await client.get("/metrics")).text
    assert 'route="/v1/scripts/{script_hash}",status="404"' in text
    assert "secret-looking-hash" not in text


async def test_limit__too_many_submits__is_429_with_retry_after(tmp_path: Path) -> None:
    allowances = {**PLENTY, "submits": Allowance(2, timedelta(minutes=1))}
    api = Api(tmp_path, allowances=allowances)
    async with api.client(ALICE) as alice, api.client(BOB) as bob:
        answers = [await alice.post("/v1/workflows", content=b"x") for _ in range(3)]
        other = await bob.post("/v1/workflows", content=b"x")
        reads = await alice.get("/v1/schema")
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert 28 <= int(answers[2].headers["Retry-After"]) <= 31
    assert answers[2].json()["code"] == "too_many_requests"
    assert (other.status_code, reads.status_code) == (201, 200)


async def test_limit__anonymous__counts_by_address_and_ipv6_by_network(tmp_path: Path) -> None:
    allowances = {**PLENTY, "sign-ins": Allowance(1, timedelta(minutes=1))}
    api = Api(tmp_path, allowances=allowances)
    statuses = []
    for host in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "192.0.2.1", "192.0.2.2"):
        transport = httpx.ASGITransport(api.app, client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            statuses.append((await client.get("/v1/auth/nonce")).status_code)
    assert statuses == [200, 429, 200, 200, 200]


async def test_limit__odd_addresses_of_clients__are_counted_all_the_same(tmp_path: Path) -> None:
    allowances = {**PLENTY, "sign-ins": Allowance(1, timedelta(minutes=1))}
    api = Api(tmp_path, allowances=allowances)
    statuses = []
    for host in ("::ffff:192.0.2.1", "::ffff:192.0.2.2", "192.0.2.1", "fe80::1%eth0", "1.2.3.4:5"):
        transport = httpx.ASGITransport(api.app, client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            statuses.append((await client.get("/v1/auth/nonce")).status_code)
    assert statuses == [200, 200, 429, 200, 200]


@pytest.mark.parametrize(("host", "status"), [("::ffff:10.1.2.3", 200), ("::ffff:192.0.2.1", 404)])
async def test_operator_route__ipv4_within_ipv6__is_taken_as_ipv4(
    api: Api, host: str, status: int
) -> None:
    transport = httpx.ASGITransport(api.app, client=(host, 1))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        assert (await client.get("/healthz")).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", "/v1/workflows", 2**20),
        ("POST", "/v1/workflows:validate", 2**20),
        ("POST", "/v1/workflows:render", 2**20),
        ("POST", "/v1/jobs/1/logs?offset=0", 2**18),
        ("POST", "/v1/auth/login", 2**14),
    ],
)
async def test_body__one_byte_too_long__is_413_announced_or_not(
    api: Api, method: str, path: str, limit: int
) -> None:
    sent = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 50 * limit:
            sent += 4096
            yield b"x" * 4096

    async with api.client(ALICE) as client:
        announced = await client.request(method, path, content=b"x" * (limit + 1))
        streamed = await client.request(method, path, content=stream())
    assert announced.status_code == streamed.status_code == 413
    assert announced.json()["details"] == {"limit": limit}
    assert sent <= limit + 2 * 4096


async def test_cors__any_origin__without_cookies(api: Api) -> None:
    ask = {
        "Origin": "https://app.test",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }
    async with api.client() as client:
        asked = await client.options("/v1/workflows", headers=ask)
        got = await client.get("/v1/schema", headers={"Origin": "https://app.test"})
        operator = await client.get("/metrics", headers={"Origin": "https://app.test"})
    assert asked.status_code == 200
    assert got.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in got.headers
    assert "access-control-allow-origin" not in operator.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1/schema/", 404, "not_found"),
        ("POST", "/graphql/", 404, "not_found"),
        ("PUT", "/v1/workflows", 405, "bad_request"),
    ],
)
async def test_router_refusal__any__has_the_common_body(
    api: Api, method: str, path: str, status: int, code: str
) -> None:
    async with api.client() as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert set(answer.json()) == {"code", "message", "details"}


async def test_bug__any__is_500_that_tells_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def explode(*_: object, **__: object) -> None:
        raise KeyError("a customer's secret")

    monkeypatch.setattr(api.scripts, "find", explode)
    async with api.client(ALICE) as client:
        answer = await client.get(f"/v1/scripts/{HASH}")
    assert answer.status_code == 500
    assert answer.json()["message"] == "something went wrong here; it has been logged"
    logged = "".join(capsys.readouterr())
    assert "KeyError" in logged
    assert "secret" not in logged


def test_answer__half_of_a_surrogate_pair__can_be_written() -> None:
    body = bytes(failures.answer(400, code="bad_request", message="\ud800").body)
    assert json.loads(body)["message"] == "\ud800"


def test_statuses__every_code_in_the_table__belongs_to_an_error() -> None:
    from deepsquare.errors import DeepSquareError

    def codes(kind: type[DeepSquareError]) -> set[str]:
        return {kind.code}.union(*map(codes, kind.__subclasses__()))

    assert set(failures.STATUS_BY_CODE) <= codes(DeepSquareError)
