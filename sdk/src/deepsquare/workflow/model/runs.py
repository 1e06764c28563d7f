"""What a run step is made of (workflow.md 2.2)."""

from deepsquare.workflow.declare import optional, required, workflow_type
from deepsquare.workflow.model.networks import NetworkInterface
from deepsquare.workflow.rules import (
    ENVVAR,
    HOSTNAME,
    IMAGE,
    IP,
    MOUNT_PATH,
    NOT_RESERVED,
    PATH,
    gte,
    max_bytes,
    one_of,
)

MAX_ENTRY_BYTES = 131_000
"""Key and value of a variable together; Linux allows 128 KiB for one string of an environment."""

MAX_ENTRIES = 1_000
"""Entries of one ``env`` or ``args`` (V-LIM)."""

MAX_COMMAND_BYTES = 120_000
"""A command becomes one argument; Linux allows 128 KiB for one."""


@workflow_type
class EnvVar:
    """A variable: a key and its value, passed on byte for byte."""

    key: str = required("Name of the variable.", ENVVAR, NOT_RESERVED)
    value: str = required(
        "Value, literally: nothing in it is expanded. May be empty or span lines.",
        max_bytes(MAX_ENTRY_BYTES),
        is_secret=True,
        is_free_text=True,
    )


@workflow_type
class StepRunResources:
    """Resources of one run step, within those of the job."""

    tasks: int = optional("Number of tasks: copies of the command.", gte(1), default=1)
    cpus_per_task: int | None = optional(
        "CPUs of each task.", gte(1), default=None, default_note="the job's"
    )
    mem_per_cpu: int | None = optional(
        "Memory per CPU, in MB.", gte(1), default=None, default_note="the job's"
    )
    gpus_per_task: int = optional("GPUs of each task.", gte(0), default=0)


@workflow_type
class Mount:
    """A host directory bound into the container."""

    host_dir: str = required("Directory on the host.", MOUNT_PATH)
    container_dir: str = required("Where the container sees it.", MOUNT_PATH)
    options: str = required("`ro` or `rw`; an empty text means `rw`.", one_of("", "rw", "ro"))


@workflow_type
class ContainerRun:
    """The container a command runs in."""

    image: str = required(
        "Image name with tag, without registry; or the path of an image file in the job's storage.",
        IMAGE,
    )
    mounts: tuple[Mount, ...] = optional(
        "Host directories to bind.",
        default=(),
        deprecated="hosts of the grid do not share paths; put data in the job's storage",
    )
    username: str | None = optional(
        "User of the registry.", default=None, default_note="anonymous access"
    )
    password: str | None = optional(
        "Password or token of the registry.",
        default=None,
        is_secret=True,
        default_note="anonymous access",
    )
    registry: str | None = optional(
        "Host name of the registry.", HOSTNAME, default=None, default_note="Docker Hub"
    )
    apptainer: bool = optional("Run with Apptainer instead of Enroot.", default=False)
    deepsquare_hosted: bool = optional(
        "The image is one the provider keeps unpacked; selects Apptainer.", default=False
    )
    x11: bool = optional("Bind the X11 sockets of the host.", default=False)
    mount_home: bool = optional("Bind the home directory of the batch user.", default=False)
    read_only_root_fs: bool = optional(
        "Make the container's root read-only.", default=False, wire="readOnlyRootFS"
    )


@workflow_type
class StepRun:
    """One command, run in one or more tasks on the host or in a container."""

    command: str = required(
        "The command, given to `shell`. Empty: the image's entrypoint and command; on the host "
        "nothing.",
        max_bytes(MAX_COMMAND_BYTES),
        is_secret=True,
        is_free_text=True,
    )
    shell: str = optional(
        "The shell that runs the command. `ENTRYPOINT` hands the command's words to the image's "
        "entrypoint.",
        one_of("/bin/bash", "/bin/ash", "/bin/sh", "ENTRYPOINT"),
        default="/bin/sh",
    )
    resources: StepRunResources | None = optional(
        "Resources of this run.", default=None, default_note="one task of the job's size, no GPU"
    )
    container: ContainerRun | None = optional(
        "The container to run in.", default=None, default_note="runs on the host"
    )
    network: str = optional(
        "The network of the command: the host's, or a namespace of its own.",
        one_of("host", "slirp4netns", "pasta"),
        default="host",
    )
    dns: tuple[str, ...] = optional(
        "Name servers, in order. Needs a namespace network.",
        IP,
        default=(),
        default_note="the host's",
    )
    custom_network_interfaces: tuple[NetworkInterface, ...] = optional(
        "Further interfaces. Need a namespace network.", default=()
    )
    env: tuple[EnvVar, ...] = optional(
        "Variables of this command.", default=(), max_items=MAX_ENTRIES
    )
    map_uid: int | None = optional(
        "The user id the command sees itself as.", gte(0), default=None, default_note="not mapped"
    )
    map_gid: int | None = optional(
        "The group id the command sees itself as.", gte(0), default=None, default_note="not mapped"
    )
    work_dir: str | None = optional(
        "Directory the command starts in; created if missing.",
        PATH,
        default=None,
        default_note="`STORAGE_PATH` on the host, the image's in a container",
    )
    disable_cpu_binding: bool = optional("Do not bind tasks to CPUs.", default=False)
    mpi: str | None = optional(
        "The MPI start-up interface.",
        one_of("none", "pmix_v4", "pmi2"),
        default=None,
        default_note="the cluster's",
    )
