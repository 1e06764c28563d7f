"""GraphQL requests: read strictly, bounded before anything costly is done with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    get_operation_ast,
    parse,
)

from deepsquare_sbatch_api.domain.errors import BadRequest
from deepsquare_sbatch_api.entrypoints.graphql.nesting import is_too_deep

MAX_TOKENS = 20_000
MAX_FIELDS = 500
MAX_DEPTH = 20
MAX_ROOT_FIELDS = 10


@dataclass(frozen=True)
class GraphQLRequest:
    """One request of a client; `document` raises `GraphQLError` when it does not parse."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None

    @cached_property
    def document(self) -> DocumentNode:
        """The parsed and bounded query."""
        if is_too_deep(self.query):
            raise GraphQLError("the query is nested too deeply")
        document = parse(self.query, max_tokens=MAX_TOKENS)
        _Bounds(document).check()
        return document

    @property
    def operation(self) -> OperationDefinitionNode:
        """The operation to run."""
        operation = get_operation_ast(self.document, self.operation_name)
        if operation is None:
            raise GraphQLError("name the operation to run: the query must have exactly one by it")
        return operation


def parse_body(body: bytes) -> GraphQLRequest:
    """Read the JSON body of a POST; raises `BadRequest`."""
    try:
        data = _load(body.decode())
    except ValueError:
        raise BadRequest('the body must be JSON: {"query": ..., "variables": ...}') from None
    if not isinstance(data, dict):
        raise BadRequest('the body must be one JSON object: {"query": ..., "variables": ...}')
    return _checked(data.get("query"), data.get("variables"), data.get("operationName"))


def parse_parameters(query: str, variables: str | None, name: str | None) -> GraphQLRequest:
    """Read the parameters of a GET; raises `BadRequest`."""
    try:
        decoded = _load(variables or "null")
    except ValueError:
        raise BadRequest("variables must be a JSON object") from None
    return _checked(query, decoded, name)


def _load(text: str) -> Any:  # noqa: ANN401 - any JSON value
    if is_too_deep(text):
        raise BadRequest("the request is nested too deeply")
    return json.loads(text)


def _checked(query: object, variables: object, name: object) -> GraphQLRequest:
    if not isinstance(query, str):
        raise BadRequest("query must be a string")
    if not isinstance(variables, dict | None):
        raise BadRequest("variables must be a JSON object")
    if not isinstance(name, str | None):
        raise BadRequest("operationName must be a string")
    return GraphQLRequest(query, variables or {}, name or None)


class _Bounds:
    """Counts what a document selects, fragments expanded at each use."""

    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = {
            item.name.value: item
            for item in document.definitions
            if isinstance(item, FragmentDefinitionNode)
        }
        self._fields = 0

    def check(self) -> None:
        """Raise `GraphQLError` when a bound is exceeded."""
        for item in self._document.definitions:
            if isinstance(item, OperationDefinitionNode):
                self._walk(item.selection_set.selections, depth=1)
                if self._width(item.selection_set.selections) > MAX_ROOT_FIELDS:
                    raise GraphQLError(f"at most {MAX_ROOT_FIELDS} fields at the top")
            elif isinstance(item, FragmentDefinitionNode):
                self._walk(item.selection_set.selections, depth=1)

    def _walk(self, selections: tuple[SelectionNode, ...], *, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise GraphQLError(f"the query is nested deeper than {MAX_DEPTH}")
        for item in selections:
            self._fields += 1
            if self._fields > MAX_FIELDS:
                raise GraphQLError(f"the query selects more than {MAX_FIELDS} fields")
            target = self._target(item)
            inner = getattr(target, "selection_set", None)
            if inner is not None:
                self._walk(inner.selections, depth=depth + 1)

    def _width(self, selections: tuple[SelectionNode, ...]) -> int:
        """Return how many fields stand at this level, those of fragments included."""
        return sum(self._fields_of(item) for item in selections)

    def _fields_of(self, item: SelectionNode) -> int:
        if isinstance(item, FieldNode):
            return 1
        target = self._target(item)
        if isinstance(target, FragmentDefinitionNode | InlineFragmentNode):
            return self._width(target.selection_set.selections)
        return 0

    def _target(self, item: SelectionNode) -> object:
        if isinstance(item, FragmentSpreadNode):
            return self._fragments.get(item.name.value)
        return item
