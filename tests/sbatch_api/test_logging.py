"""What the service writes to its log: state changes and requests, and no secret (W-REN-11)."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from tests.sbatch_api.doubles import ALICE, HASH, JOB, PROVIDER, a_job
from tests.sbatch_api.http import Api

from deepsquare_sbatch_api.entrypoints.logs import configure_logs, formatter_of_libraries

SECRET = "hunter2-in-a-script"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


async def test_requests__with_secrets_everywhere__log_none_of_them(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("debug")
    api.jobs.put(a_job())
    token = api.token(ALICE)
    message = api.message(ALICE, "0123456789abcdef")
    async with api.client(ALICE) as client, api.client(PROVIDER) as provider:
        for route in ("/v1/workflows", "/v1/workflows:render", "/v1/workflows:validate"):
            await client.post(route, content=SECRET.encode())
        body = {"message": message, "signature": "0x" + SECRET.encode().hex()}
        await client.post("/v1/auth/login", json=body)
        query = {"query": f'{{ job(batchLocationHash: "{SECRET}") }}'}
        await client.post("/graphql", json=query)
        await client.get("/graphql", params=query)
        await provider.post(f"/v1/jobs/{JOB}/logs?offset=0", content=SECRET.encode())
        await client.get(f"/v1/jobs/{JOB}/logs?tail=1", headers={"X-Secret": SECRET})
        await client.get(f"/{SECRET}")
    text = capsys.readouterr().err
    assert len(text.splitlines()) == 9
    for secret in (SECRET, SECRET.encode().hex(), token, "0123456789abcdef"):
        assert secret not in text


async def test_failure__store_away__is_logged_with_its_reason(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("debug")
    api.jobs.is_away = True
    async with api.client(PROVIDER) as client:
        await client.get(f"/v1/scripts/{HASH}?job={JOB}")
    events = {line["event"]: line for line in logged(capsys)}
    assert events["request_failed"]["code"] == "chain_unavailable"
    assert events["request_served"]["status"] == 503
    assert events["request_served"]["route"] == "/v1/scripts/{script_hash}"


def test_level__warning__leaves_out_requests(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("warning")
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in logged(capsys)] == ["loud"]


def test_web_server__reports_an_exception__only_its_kind_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    configure_logs("info")
    bug = KeyError(SECRET)
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=bug)
    assert "Exception in ASGI application: KeyError" in caplog.text
    assert SECRET not in caplog.text


def test_library__says_something__is_a_json_line_too() -> None:
    formatter = formatter_of_libraries(structlog.processors.JSONRenderer())
    record = logging.makeLogRecord(
        {"name": "uvicorn.error", "levelname": "WARNING", "levelno": 30, "msg": "Invalid %s"}
    )
    record.args = ("request",)
    line = json.loads(formatter.format(record))
    assert line.pop("timestamp")
    assert line == {"event": "Invalid request", "level": "warning", "logger": "uvicorn.error"}
