"""The types of the workflow language as frozen dataclasses; attribute names are snake_case."""

from deepsquare.workflow.model.jobs import (
    HTTPData,
    Job,
    JobResources,
    S3Data,
    TransportData,
    VirtualNetwork,
)
from deepsquare.workflow.model.modules import Module, ModuleInput, ModuleOutput
from deepsquare.workflow.model.networks import (
    Bore,
    NetworkInterface,
    VNet,
    Wireguard,
    WireguardPeer,
)
from deepsquare.workflow.model.runs import ContainerRun, EnvVar, Mount, StepRun, StepRunResources
from deepsquare.workflow.model.steps import ForRange, Step, StepAsyncLaunch, StepFor, StepUse

WORKFLOW_TYPES: tuple[type, ...] = (
    Job,
    JobResources,
    EnvVar,
    TransportData,
    HTTPData,
    S3Data,
    VirtualNetwork,
    Step,
    StepRun,
    StepRunResources,
    ContainerRun,
    Mount,
    NetworkInterface,
    Wireguard,
    WireguardPeer,
    Bore,
    VNet,
    StepFor,
    ForRange,
    StepAsyncLaunch,
    StepUse,
    Module,
    ModuleInput,
    ModuleOutput,
)
"""All object types, in the order of the reference."""

__all__ = [
    "WORKFLOW_TYPES",
    "Bore",
    "ContainerRun",
    "EnvVar",
    "ForRange",
    "HTTPData",
    "Job",
    "JobResources",
    "Module",
    "ModuleInput",
    "ModuleOutput",
    "Mount",
    "NetworkInterface",
    "S3Data",
    "Step",
    "StepAsyncLaunch",
    "StepFor",
    "StepRun",
    "StepRunResources",
    "StepUse",
    "TransportData",
    "VNet",
    "VirtualNetwork",
    "Wireguard",
    "WireguardPeer",
]
