"""The GraphQL schema, written from the workflow model.

Two schemas are made of it. The *published* one has all input types; it validates nothing but
answers introspection. The *lenient* one has a scalar in the place of each input type: documents
reach the workflow parser as they are, so that unknown fields, single values for lists and every
other mistake are answered by the parser's errors, all at once and with suggestions.
"""

from functools import cache

from graphql import GraphQLSchema, build_schema

from deepsquare.workflow import FieldSpec, TypeSpec, type_spec
from deepsquare.workflow.model import WORKFLOW_TYPES

OPERATIONS = """
type Query {
  "The batch script, for those who may read it"
  job(batchLocationHash: String!): String!
}

type Mutation {
  "Render and keep a workflow; returns its batchLocationHash"
  submit(job: Job!): String!
  "Check a module; returns valid, or the first problem"
  validate(module: Module!): String!
}
"""


def sdl() -> str:
    """Return the published schema in the schema definition language."""
    types = [_input_type(type_spec(cls)) for cls in WORKFLOW_TYPES]
    return "\n".join([OPERATIONS, *types])


@cache
def published_schema() -> GraphQLSchema:
    """Return the schema that introspection shows."""
    return build_schema(sdl())


@cache
def lenient_schema() -> GraphQLSchema:
    """Return the schema that operations run on."""
    scalars = [f"scalar {type_spec(cls).name}" for cls in WORKFLOW_TYPES]
    return build_schema("\n".join([OPERATIONS, *scalars]))


def _input_type(spec: TypeSpec) -> str:
    fields = "\n".join(_field(field) for field in spec.fields)
    return f"{_description(spec.doc)}input {spec.name} {{\n{fields}\n}}\n"


def _field(field: FieldSpec) -> str:
    name = f"[{field.type_name}!]" if field.is_list else field.type_name
    bang = "!" if field.is_required else ""
    return f"{_description(field.doc, '  ')}  {field.wire}: {name}{bang}"


def _description(text: str, indent: str = "") -> str:
    safe = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'{indent}"{safe}"\n'
