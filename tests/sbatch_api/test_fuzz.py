"""Every route, fuzzed from the OpenAPI document: no 5xx, no status that is not documented."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.sbatch_api.doubles import ALICE, PROVIDER, a_job
from tests.sbatch_api.http import Api
from tests.sbatch_api.test_gates import WHO_BY_ROUTE

from deepsquare_sbatch_api.entrypoints.planner import offline_planner

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PER_ROUTE = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


@pytest.fixture
def fuzzed(tmp_path: Path) -> Api:
    """The application with the real parser and renderer, and one job of Alice's."""
    api = Api(tmp_path, planner=offline_planner())
    api.jobs.put(a_job())
    return api


WITHOUT_INPUT = {"/v1/auth/nonce", "/v1/schema", "/healthz", "/readyz", "/metrics"}
CASES = [
    (route, mode)
    for route in WHO_BY_ROUTE
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or route.split()[1] not in WITHOUT_INPUT
]


@pytest.mark.parametrize(("route", "mode"), CASES)
def test_route__anything_the_document_allows_or_not__is_answered_as_documented(
    fuzzed: Api, route: str, mode: GenerationMode
) -> None:
    method, path = route.split()
    operation = schemathesis.openapi.from_asgi("/openapi.json", fuzzed.app)[path][method]

    @PER_ROUTE
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case[Any]) -> None:
        for account in (ALICE, PROVIDER, None):
            headers = {"Authorization": f"Bearer {fuzzed.token(account)}"} if account else {}
            case.call_and_validate(headers=headers, checks=CHECKS)

    check()
