"""The job and its data (workflow.md 2.2)."""

from deepsquare.workflow.declare import optional, required, workflow_type
from deepsquare.workflow.model.runs import MAX_ENTRIES, EnvVar
from deepsquare.workflow.model.steps import Step
from deepsquare.workflow.rules import (
    BUCKET_URL,
    CIDR,
    PATH,
    URL,
    gte,
    lte,
    max_length,
    min_length,
    one_of,
)


@workflow_type
class JobResources:
    """What the job reserves; steps share it."""

    tasks: int = required("Number of tasks.", gte(1))
    cpus_per_task: int = required("CPUs of each task.", gte(1))
    mem_per_cpu: int = required("Memory per CPU, in MB.", gte(1))
    gpus: int = required("GPUs in total.", gte(0))


@workflow_type
class HTTPData:
    """Data behind an HTTP URL."""

    url: str = required("Where to download from or upload to.", URL)


@workflow_type
class S3Data:
    """Data in an S3 bucket."""

    region: str = required("Region of the bucket.")
    bucket_url: str = required("`s3://bucket` or `s3://bucket/prefix`.", BUCKET_URL)
    path: str = required("Object or directory below the bucket URL.", PATH)
    access_key_id: str = required("Access key id.", is_secret=True)
    secret_access_key: str = required("Secret access key.", is_secret=True)
    endpoint_url: str = required("URL of the S3 service.", URL)
    delete_sync: bool = optional(
        "Also delete remote objects that are not in the output directory.", default=False
    )


@workflow_type
class TransportData:
    """Where data comes from or goes to: at most one of the two."""

    http: HTTPData | None = optional("By HTTP.", default=None)
    s3: S3Data | None = optional("By S3.", default=None)


@workflow_type
class VirtualNetwork:
    """A private network between steps of the job."""

    name: str = required("Name, for `vnet.name`.", min_length(1), max_length(64))
    gateway_address: str = required("Address of the gateway, which defines the network.", CIDR)


@workflow_type
class Job:
    """A workflow: resources, data and steps."""

    resources: JobResources = required("What the job reserves.")
    env: tuple[EnvVar, ...] = optional("Variables of all steps.", default=(), max_items=MAX_ENTRIES)
    enable_logging: bool = optional("Ship the log, so that it can be followed.", default=False)
    input: TransportData | None = optional(
        "Fetched into `$DEEPSQUARE_INPUT` before the first step.", default=None
    )
    input_mode: int | None = optional(
        "Mode of the input's files as a decimal number: 493 is octal 755.",
        gte(0),
        lte(511),
        default=None,
        default_note="octal 700",
    )
    steps: tuple[Step, ...] = required("The steps, in order. May be empty.")
    output: TransportData | None = optional(
        "Receives `$DEEPSQUARE_OUTPUT` after the last step.", default=None
    )
    output_policy: str = optional(
        "When output is uploaded.", one_of("always", "onSuccess"), default="always"
    )
    continuous_output_sync: bool = optional(
        "Upload output while the job runs. Acts on S3 output only.", default=False
    )
    virtual_networks: tuple[VirtualNetwork, ...] = optional(
        "Private networks between steps.", default=()
    )
