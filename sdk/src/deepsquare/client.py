"""The client of the grid: submit workflows, follow, pay.

    with Client.from_profile() as grid:
        job = grid.submit(Workflow.from_file("hello.yaml"), credits=100)
        for line in job.logs(follow=True):
            print(line)
        job.wait().check()

`AsyncClient` is the same for asyncio programs. Amounts are credits as text, integers or `Decimal`.
"""

from deepsquare._client.async_client import AsyncClient, OrderOptions, ProviderInfo
from deepsquare._client.billing import JobBill
from deepsquare._client.doctor import Finding
from deepsquare._client.errors import (
    AllowanceTooLow,
    CreditsTooLow,
    InsufficientCredits,
    JobAmbiguous,
    JobCancelled,
    JobEndedBadly,
    JobFailed,
    JobHasEnded,
    JobNotFound,
    JobPanicked,
    NoCreditsGiven,
    NoProvider,
    NotRunning,
    NotYourJob,
    OutOfCredits,
    WaitTimeout,
)
from deepsquare._client.exit_status import ExitStatus
from deepsquare._client.following import LogLost
from deepsquare._client.job import AsyncJob
from deepsquare._client.quoting import Offer, Quote, Rejection
from deepsquare._client.references import short_id
from deepsquare._client.rerunning import RerunPlan
from deepsquare._client.result import JobResult
from deepsquare._client.spending import Balance
from deepsquare._client.status import JobState, Stage
from deepsquare._client.submission import Order, Plan
from deepsquare._client.sync_client import Client, Job
from deepsquare._client.watching import JobEvent
from deepsquare._client.workflow_source import Workflow, WorkflowUnreadable
from deepsquare.labels import InvalidLabel

__all__ = [
    "AllowanceTooLow",
    "AsyncClient",
    "AsyncJob",
    "Balance",
    "Client",
    "CreditsTooLow",
    "ExitStatus",
    "Finding",
    "InsufficientCredits",
    "InvalidLabel",
    "Job",
    "JobAmbiguous",
    "JobBill",
    "JobCancelled",
    "JobEndedBadly",
    "JobEvent",
    "JobFailed",
    "JobHasEnded",
    "JobNotFound",
    "JobPanicked",
    "JobResult",
    "JobState",
    "LogLost",
    "NoCreditsGiven",
    "NoProvider",
    "NotRunning",
    "NotYourJob",
    "Offer",
    "Order",
    "OrderOptions",
    "OutOfCredits",
    "Plan",
    "ProviderInfo",
    "Quote",
    "Rejection",
    "RerunPlan",
    "Stage",
    "WaitTimeout",
    "Workflow",
    "WorkflowUnreadable",
    "short_id",
]
