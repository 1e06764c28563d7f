"""What is repeated, what is not, and how failures are named."""

import httpx
import pytest
from tests.sdk.api.fake_sbatch_api import FakeSbatchApi, answers, error, refuses, times_out

from deepsquare.api import (
    AccessRefused,
    IdempotencyConflict,
    LogEnded,
    LogOffsetConflict,
    NotFound,
    RequestRefused,
    SbatchApiBroken,
    SbatchApiUnavailable,
    ScriptInUse,
    TooLarge,
    TooManyRequests,
)
from deepsquare.api.failures import failure
from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import BatchLocationHash
from deepsquare.testing import a_job_id
from deepsquare.workflow import WorkflowInvalid

JOB = a_job_id()


async def test_submit__answer_lost_d7__repeats_with_the_same_key_and_gets_the_same_script(
    server: FakeSbatchApi,
) -> None:
    def stores_then_times_out(request: httpx.Request) -> httpx.Response:
        server._store(request)
        return times_out(request)

    async with server.client() as api:
        await api.log_size(JOB)
        server.faults = [stores_then_times_out]
        first = await api.submit(b"resources: {}", idempotency_key="k1")
        again = await api.submit(b"resources: {}", idempotency_key="k1")
    assert first == again
    assert len(server.answers) == 1


async def test_submit__same_key_other_document__conflicts(server: FakeSbatchApi) -> None:
    async with server.client() as api:
        await api.submit(b"a", idempotency_key="k1")
        with pytest.raises(IdempotencyConflict, match="another workflow"):
            await api.submit(b"b", idempotency_key="k1")


async def test_request__server_down__names_it_after_the_last_try(server: FakeSbatchApi) -> None:
    async with server.client() as api:
        server.faults = [refuses] * 3
        with pytest.raises(SbatchApiUnavailable) as caught:
            await api.submit(b"a", idempotency_key="k1")
    assert caught.value.message == (
        "the sbatch API at http://sbatch.test cannot be reached (ConnectError); try again later"
    )
    assert caught.value.retryable
    assert len(server.asked) == 3


async def test_request__asked_to_wait__waits_that_long(server: FakeSbatchApi) -> None:
    slow_down = answers(429, "too_many_requests", "wait", **{"Retry-After": "4"})
    async with server.client() as api:
        await api.log_size(JOB)
        server.pauses.clear()
        server.faults = [slow_down]
        await api.log_size(JOB)
    assert server.pauses == [0, 4]


async def test_request__asked_to_wait_for_long__does_not(server: FakeSbatchApi) -> None:
    async with server.client() as api:
        await api.log_size(JOB)
        server.faults = [answers(429, "too_many_requests", "wait", **{"Retry-After": "60"})] * 3
        with pytest.raises(TooManyRequests) as caught:
            await api.log_size(JOB)
    assert caught.value.retry_after_s == 60
    assert len(server.faults) == 2


async def test_login__answer_lost__is_not_repeated_with_a_used_nonce(
    server: FakeSbatchApi,
) -> None:
    async with server.client() as api:
        server.faults = [server._auth, times_out]
        with pytest.raises(SbatchApiUnavailable, match="did not answer in time"):
            await api.log_size(JOB)
    assert server.asked.count("POST /v1/auth/login") == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(400, "bad_request", "m"), RequestRefused),
        (error(403, "not_allowed", "m"), AccessRefused),
        (error(404, "not_found", "m"), NotFound),
        (error(409, "script_in_use", "m"), ScriptInUse),
        (error(409, "log_offset_conflict", "m", {"size": 5}), LogOffsetConflict),
        (error(409, "log_ended", "m", {"size": 5}), LogEnded),
        (error(413, "too_large", "m"), TooLarge),
        (error(500, "broken", "m"), SbatchApiBroken),
        (error(503, "chain_unavailable", "m"), SbatchApiUnavailable),
        (httpx.Response(502, text="<html>bad gateway"), SbatchApiUnavailable),
        (httpx.Response(418, text="teapot"), RequestRefused),
    ],
)
def test_failure__status_and_code__have_their_class(
    answer: httpx.Response, kind: type[DeepSquareError]
) -> None:
    assert type(failure(answer)) is kind


def test_failure__conflict_of_a_log__tells_the_size() -> None:
    conflict = failure(error(409, "log_offset_conflict", "m", {"size": 5}))
    assert isinstance(conflict, LogOffsetConflict)
    assert conflict.size == 5


def test_failure__invalid_workflow__has_all_errors() -> None:
    details = [
        {
            "type": "validation",
            "tag": "gte=1",
            "namespace": "Job.a",
            "field": "a",
            "message": "one",
        },
        {"type": "image", "tag": "x", "namespace": "Job.b", "field": "b", "message": "two"},
    ]
    invalid = failure(error(422, "invalid_workflow", "m", details))
    assert isinstance(invalid, WorkflowInvalid)
    assert [(e.type, e.message) for e in invalid.errors] == [
        ("validation", "one"),
        ("image", "two"),
    ]


async def test_fetch_script__unknown__is_not_found(server: FakeSbatchApi) -> None:
    async with server.client() as api:
        with pytest.raises(NotFound):
            await api.fetch_script(BatchLocationHash("h" * 31), job_id=JOB)
