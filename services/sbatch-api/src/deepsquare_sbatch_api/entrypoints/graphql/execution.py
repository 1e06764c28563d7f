"""Running GraphQL operations on the use cases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    OperationType,
    execute,
    validate,
)

from deepsquare.errors import DeepSquareError
from deepsquare.identifiers import Address
from deepsquare.workflow import WorkflowError, WorkflowInvalid, parse_module_data
from deepsquare_sbatch_api.app.scripts import Scripts
from deepsquare_sbatch_api.app.workflows import SubmittedBy, Workflows
from deepsquare_sbatch_api.domain.access import parse_script_hash
from deepsquare_sbatch_api.domain.errors import NotFound
from deepsquare_sbatch_api.entrypoints.graphql.requests import GraphQLRequest
from deepsquare_sbatch_api.entrypoints.graphql.sdl import lenient_schema, published_schema

Info = GraphQLResolveInfo[Any]
_log = structlog.get_logger()


@dataclass(frozen=True)
class Root:
    """The resolvers of one request; `problems` collects what its answers' `errors` tell."""

    workflows: Workflows
    scripts: Scripts
    caller: Address | None
    request_key: str | None
    body: bytes
    problems: list[GraphQLError] = field(default_factory=list)

    async def submit(self, info: Info, job: object) -> str:
        """Return the hash; every problem becomes one error, and the answer is then empty."""
        key = f"{self.request_key}#{info.path.key}" if self.request_key else None
        try:
            answer = await self.workflows.submit(
                _mapping(job), by=SubmittedBy(self.caller, key), body=self.body
            )
        except DeepSquareError as error:
            self.problems.extend(_as_errors(error, info))
            return ""
        return str(answer["batchLocationHash"])

    async def validate(self, _: Info, module: object) -> str:
        """Return `valid`, or the first problem of a module."""
        try:
            parse_module_data(module)
        except WorkflowInvalid as error:
            return error.errors[0].message
        return "valid"

    async def job(self, _: Info, batchLocationHash: str) -> str:  # noqa: N803
        """Return a script to its submitter, or to the provider of a job known to refer to it."""
        if self.caller is None:
            raise NotFound("script")
        script_hash = parse_script_hash(batchLocationHash)
        content = await self.scripts.fetch_for_any_job(script_hash, caller=self.caller)
        return content.decode()


async def run(request: GraphQLRequest, root: Root, *, is_get: bool) -> tuple[int, dict[str, Any]]:
    """Return status and body: 400 when the query itself is wrong, else 200."""
    try:
        is_query = request.operation.operation is OperationType.QUERY
        schema = published_schema() if is_query else lenient_schema()
        faults = validate(schema, request.document)
        if is_get and not is_query:
            faults = [GraphQLError("only queries are served to GET; use POST")]
    except GraphQLError as error:
        faults = [error]
    if faults:
        return 400, _refusal(faults)
    result = await _awaited(
        execute(
            schema,
            request.document,
            root_value=root,
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
        )
    )
    return 200, _body(result, root.problems)


def _refusal(faults: list[GraphQLError]) -> dict[str, Any]:
    """Return what GraphQL clients expect, and what every route's errors have."""
    common = {"code": "bad_request", "message": faults[0].message, "details": {}}
    return {"errors": [fault.formatted for fault in faults], **common}


async def _awaited(result: Any) -> ExecutionResult:  # noqa: ANN401 - a result, or one to await
    return result if isinstance(result, ExecutionResult) else await result


def _body(result: ExecutionResult, problems: list[GraphQLError]) -> dict[str, Any]:
    errors = [*problems, *(_shown(error) for error in result.errors or ())]
    body: dict[str, Any] = {"data": result.data}
    return {"errors": [error.formatted for error in errors], **body} if errors else body


def _mapping(job: object) -> Mapping[str, Any]:
    """Return a decoded workflow as the parser takes it; anything else it refuses itself."""
    return job  # type: ignore[return-value]


def _as_errors(error: DeepSquareError, info: Info) -> list[GraphQLError]:
    if isinstance(error, WorkflowInvalid):
        problems = [*error.errors, *map(_remainder, error.remainder)]
        return [_located(problem, info) for problem in problems]
    return [_located(_internal(error.code, error.message), info)]


def _remainder(message: str) -> WorkflowError:
    return WorkflowError("validation", "limit", "Job", "Job", message)


def _located(problem: WorkflowError, info: Info) -> GraphQLError:
    return GraphQLError(
        problem.message,
        info.field_nodes,
        path=info.path.as_list(),
        extensions=_extensions(problem),
    )


def _extensions(problem: WorkflowError) -> dict[str, Any]:
    kind = "internal" if problem.type == "internal" else "validation"
    return {**problem.as_dict(), "type": kind, "original_message": problem.message}


def _internal(code: str, message: str) -> WorkflowError:
    return WorkflowError("internal", code, "", "", message)


def _shown(error: GraphQLError) -> GraphQLError:
    """Return an error as clients may see it: a bug's message stays inside."""
    problem = _problem(error)
    return GraphQLError(
        problem.message, error.nodes, path=error.path, extensions=_extensions(problem)
    )


def _problem(error: GraphQLError) -> WorkflowError:
    """Return what happened: the caller's values do not fit, a refusal, or a bug."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return WorkflowError("validation", "graphql", "", "", error.message)
    if isinstance(cause, DeepSquareError):
        return _internal(cause.code, cause.message)
    _log.error("graphql_field_broke", kind=type(cause).__name__)
    return _internal("broken", "something went wrong here; it has been logged")
