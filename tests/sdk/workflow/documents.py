"""Builders of workflow documents as data, and the two judges: parser and JSON Schema."""

import copy
import functools
import json
from typing import Any

import jsonschema

from deepsquare.workflow import (
    Job,
    WorkflowError,
    WorkflowInvalid,
    parse_workflow,
    parse_workflow_data,
    workflow_schema,
)

Data = dict[str, Any]

KEY32 = "mD2oH+m1gO0qBqYkT1q1x8dJ3cZ5vWkqFvM1rX0n5nA="
RESOURCES = {"tasks": 4, "cpusPerTask": 2, "memPerCpu": 100, "gpus": 2}
S3 = {
    "region": "eu",
    "bucketUrl": "s3://bucket",
    "path": "/data",
    "accessKeyId": "AK",
    "secretAccessKey": "SK",
    "endpointUrl": "https://s3.example.org",
}


def a_job(**changes: Any) -> Data:
    return {"resources": dict(RESOURCES), "steps": [], **changes}


def job_with_steps(*steps: Data, **changes: Any) -> Data:
    return a_job(steps=list(steps), **changes)


def a_run(**changes: Any) -> Data:
    return {"run": {"command": "true", **changes}}


def job_with_run(**changes: Any) -> Data:
    return job_with_steps(a_run(**changes))


def job_with_container(**changes: Any) -> Data:
    return job_with_run(container={"image": "alpine", **changes})


def job_with_interface(interface: Data, **run: Any) -> Data:
    return job_with_run(network="pasta", customNetworkInterfaces=[interface], **run)


def job_with_wireguard(**changes: Any) -> Data:
    return job_with_interface({"wireguard": {"privateKey": KEY32, **changes}}, mapUid=0)


def a_launch(handle: str | None, *steps: Data, **changes: Any) -> Data:
    return {"launch": {"handleName": handle, "steps": list(steps) or [a_run()], **changes}}


def a_loop(*steps: Data, **changes: Any) -> Data:
    return {"for": {"steps": list(steps) or [a_run()], **changes}}


def with_value(document: Data, path: str, value: Any) -> Data:
    """Return a copy with the value at a dotted path replaced; numbers are indices."""
    changed = copy.deepcopy(document)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target: Any = changed
    for part in parents:
        target = target[part]
    target[last] = value
    return changed


def parsed(document: Data) -> Job:
    return parse_workflow_data(document).job


def errors_of(document: Data | str | bytes) -> list[WorkflowError]:
    try:
        if isinstance(document, dict):
            parse_workflow_data(document)
        else:
            parse_workflow(document)
    except WorkflowInvalid as invalid:
        return invalid.errors
    return []


def warnings_of(document: Data) -> list[WorkflowError]:
    return list(parse_workflow_data(document).warnings)


def tags_of(document: Data | str | bytes) -> list[tuple[str, str]]:
    return [(error.tag, error.namespace) for error in errors_of(document)]


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        workflow_schema(),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def schema_accepts(document: Data) -> bool:
    return bool(_validator().is_valid(json.loads(json.dumps(document))))
