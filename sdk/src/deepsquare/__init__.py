"""SDK of the DeepSquare Grid: submit workflows, follow jobs, pay for them.

Everything here is loaded when it is first used, so that `import deepsquare` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepsquare.amounts import (
        InvalidAmount,
        Wei,
        format_credits,
        parse_credits,
        to_credits,
    )
    from deepsquare.api import (
        LogChunk,
        SbatchApi,
        SbatchApiUnavailable,
    )
    from deepsquare.chain import (
        ContractError,
        JobStatus,
        RpcUnavailable,
        WrongGrid,
    )
    from deepsquare.client import (
        AllowanceTooLow,
        AsyncClient,
        AsyncJob,
        Balance,
        Client,
        CreditsTooLow,
        ExitStatus,
        InsufficientCredits,
        InvalidLabel,
        Job,
        JobAmbiguous,
        JobBill,
        JobCancelled,
        JobEndedBadly,
        JobEvent,
        JobFailed,
        JobHasEnded,
        JobNotFound,
        JobPanicked,
        JobResult,
        JobState,
        LogLost,
        NoCreditsGiven,
        NoProvider,
        NotRunning,
        NotYourJob,
        Offer,
        Order,
        OutOfCredits,
        Plan,
        ProviderInfo,
        Quote,
        Rejection,
        RerunPlan,
        Stage,
        WaitTimeout,
        Workflow,
        WorkflowUnreadable,
    )
    from deepsquare.errors import (
        Broken,
        DeepSquareError,
        Refused,
        Unavailable,
    )
    from deepsquare.identifiers import (
        Address,
        JobId,
        parse_job_id,
    )
    from deepsquare.keys import (
        Key,
    )
    from deepsquare.pricing import (
        Bill,
    )
    from deepsquare.profile import (
        InvalidSettings,
        Settings,
    )
    from deepsquare.workflow import (
        WorkflowError,
        WorkflowInvalid,
    )

_MODULE_BY_NAME = {
    "Address": "deepsquare.identifiers",
    "AllowanceTooLow": "deepsquare.client",
    "AsyncClient": "deepsquare.client",
    "AsyncJob": "deepsquare.client",
    "Balance": "deepsquare.client",
    "Bill": "deepsquare.pricing",
    "Broken": "deepsquare.errors",
    "Client": "deepsquare.client",
    "ContractError": "deepsquare.chain",
    "CreditsTooLow": "deepsquare.client",
    "DeepSquareError": "deepsquare.errors",
    "ExitStatus": "deepsquare.client",
    "InsufficientCredits": "deepsquare.client",
    "InvalidAmount": "deepsquare.amounts",
    "InvalidLabel": "deepsquare.client",
    "InvalidSettings": "deepsquare.profile",
    "Job": "deepsquare.client",
    "JobAmbiguous": "deepsquare.client",
    "JobBill": "deepsquare.client",
    "JobCancelled": "deepsquare.client",
    "JobEndedBadly": "deepsquare.client",
    "JobEvent": "deepsquare.client",
    "JobFailed": "deepsquare.client",
    "JobHasEnded": "deepsquare.client",
    "JobId": "deepsquare.identifiers",
    "JobNotFound": "deepsquare.client",
    "JobPanicked": "deepsquare.client",
    "JobResult": "deepsquare.client",
    "JobState": "deepsquare.client",
    "JobStatus": "deepsquare.chain",
    "Key": "deepsquare.keys",
    "LogChunk": "deepsquare.api",
    "LogLost": "deepsquare.client",
    "NoCreditsGiven": "deepsquare.client",
    "NoProvider": "deepsquare.client",
    "NotRunning": "deepsquare.client",
    "NotYourJob": "deepsquare.client",
    "Offer": "deepsquare.client",
    "Order": "deepsquare.client",
    "OutOfCredits": "deepsquare.client",
    "Plan": "deepsquare.client",
    "ProviderInfo": "deepsquare.client",
    "Quote": "deepsquare.client",
    "Refused": "deepsquare.errors",
    "Rejection": "deepsquare.client",
    "RerunPlan": "deepsquare.client",
    "RpcUnavailable": "deepsquare.chain",
    "SbatchApi": "deepsquare.api",
    "SbatchApiUnavailable": "deepsquare.api",
    "Settings": "deepsquare.profile",
    "Stage": "deepsquare.client",
    "Unavailable": "deepsquare.errors",
    "WaitTimeout": "deepsquare.client",
    "Wei": "deepsquare.amounts",
    "Workflow": "deepsquare.client",
    "WorkflowError": "deepsquare.workflow",
    "WorkflowInvalid": "deepsquare.workflow",
    "WorkflowUnreadable": "deepsquare.client",
    "WrongGrid": "deepsquare.chain",
    "format_credits": "deepsquare.amounts",
    "parse_credits": "deepsquare.amounts",
    "parse_job_id": "deepsquare.identifiers",
    "to_credits": "deepsquare.amounts",
}

__all__ = [
    "Address",
    "AllowanceTooLow",
    "AsyncClient",
    "AsyncJob",
    "Balance",
    "Bill",
    "Broken",
    "Client",
    "ContractError",
    "CreditsTooLow",
    "DeepSquareError",
    "ExitStatus",
    "InsufficientCredits",
    "InvalidAmount",
    "InvalidLabel",
    "InvalidSettings",
    "Job",
    "JobAmbiguous",
    "JobBill",
    "JobCancelled",
    "JobEndedBadly",
    "JobEvent",
    "JobFailed",
    "JobHasEnded",
    "JobId",
    "JobNotFound",
    "JobPanicked",
    "JobResult",
    "JobState",
    "JobStatus",
    "Key",
    "LogChunk",
    "LogLost",
    "NoCreditsGiven",
    "NoProvider",
    "NotRunning",
    "NotYourJob",
    "Offer",
    "Order",
    "OutOfCredits",
    "Plan",
    "ProviderInfo",
    "Quote",
    "Refused",
    "Rejection",
    "RerunPlan",
    "RpcUnavailable",
    "SbatchApi",
    "SbatchApiUnavailable",
    "Settings",
    "Stage",
    "Unavailable",
    "WaitTimeout",
    "Wei",
    "Workflow",
    "WorkflowError",
    "WorkflowInvalid",
    "WorkflowUnreadable",
    "WrongGrid",
    "format_credits",
    "parse_credits",
    "parse_job_id",
    "to_credits",
]


def __getattr__(name: str) -> object:
    if name not in _MODULE_BY_NAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULE_BY_NAME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
