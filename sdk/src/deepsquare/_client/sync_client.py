"""The synchronous client: `AsyncClient` on a private loop thread."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from types import TracebackType
from typing import Any, Self, Unpack

from deepsquare._client.async_client import AsyncClient, OrderOptions, ProviderInfo
from deepsquare._client.billing import JobBill
from deepsquare._client.job import AsyncJob, Credits
from deepsquare._client.loop_thread import LoopThread
from deepsquare._client.quoting import Quote
from deepsquare._client.result import JobResult
from deepsquare._client.spending import Balance
from deepsquare._client.status import JobState, Stage
from deepsquare._client.watching import JobEvent
from deepsquare._client.workflow_source import Workflow
from deepsquare.api import RenderedWorkflow, Validation
from deepsquare.chain import JobStatus
from deepsquare.identifiers import Address, JobId
from deepsquare.keys import AskPassword, Key
from deepsquare.profile import Settings, resolve


class Client:
    """The grid for scripts and notebooks; open it with ``with`` or close it with ``close``.

    See `AsyncClient` for what each method does and raises.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        key: Key | None = None,
        ask_password: AskPassword | None = None,
    ) -> None:
        self._client = AsyncClient(settings, key=key, ask_password=ask_password)
        self._thread = LoopThread()

    @classmethod
    def from_profile(
        cls,
        profile: str | None = None,
        *,
        ask_password: AskPassword | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Self:
        """Open the grid that profile and environment describe; ``overrides`` beat both."""
        resolved = resolve({**(overrides or {}), "profile": profile})
        return cls(resolved.settings, ask_password=ask_password)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and end the thread."""
        self._thread.run(self._client.aclose())
        self._thread.close()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._client.settings

    @property
    def account(self) -> Address:
        """The account that this client acts for."""
        return self._client.account

    def quote(
        self,
        workflow: Workflow,
        *,
        minutes: int | None = None,
        credits: Credits | None = None,  # noqa: A002
        uses: Sequence[str] = (),
        affinity: Sequence[str] = (),
    ) -> Quote:
        """Return ranked offers, and why the other providers are out."""
        return self._thread.run(
            self._client.quote(
                workflow, minutes=minutes, credits=credits, uses=uses, affinity=affinity
            )
        )

    def submit(self, workflow: Workflow, **options: Unpack[OrderOptions]) -> "Job":
        """Submit a workflow and return its job once it is on chain."""
        return Job(self._thread.run(self._client.submit(workflow, **options)), self._thread)

    def rerun(
        self,
        reference: str,
        *,
        credits: Credits | None = None,  # noqa: A002
        minutes: int | None = None,
    ) -> "Job":
        """Request a job once more, with its very script; each call makes a new job."""
        again = self._client.rerun(reference, credits=credits, minutes=minutes)
        return Job(self._thread.run(again), self._thread)

    def validate(self, workflow: Workflow) -> Validation:
        """Let the sbatch API check a workflow; nothing is submitted."""
        return self._thread.run(self._client.validate(workflow))

    def render(self, workflow: Workflow) -> RenderedWorkflow:
        """Return the batch script a workflow would become; nothing is submitted."""
        return self._thread.run(self._client.render(workflow))

    def job(self, reference: str) -> "Job":
        """Return a handle by id, by the start of one, by name, or ``@last``."""
        return Job(self._thread.run(self._client.job(reference)), self._thread)

    def jobs(self, *, limit: int = 20, status: JobStatus | None = None) -> list[JobState]:
        """Return the newest jobs of the account, the newest first."""
        return self._thread.run(self._client.jobs(limit=limit, status=status))

    def providers(self) -> list[ProviderInfo]:
        """Return the joined providers."""
        return self._thread.run(self._client.providers())

    def balance(self, account: str | None = None) -> Balance:
        """Return credits, native coin and allowance of an account, one's own if None."""
        return self._thread.run(self._client.balance(account))

    def transfer(self, to: str, credits: Credits) -> Balance:  # noqa: A002
        """Send credits to another account and return the new balance."""
        return self._thread.run(self._client.transfer(to, credits))

    def set_allowance(self, credits: Credits | None) -> Balance:  # noqa: A002
        """Let the grid take so many credits, or any number if None."""
        return self._thread.run(self._client.set_allowance(credits))


class Job:
    """A job on chain, for synchronous code; see `AsyncJob` for what each method does and raises."""

    def __init__(self, job: AsyncJob, thread: LoopThread) -> None:
        self._job = job
        self._thread = thread

    def __repr__(self) -> str:
        return f"Job({self.id})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        _, arguments = self._job.__reduce__()
        return _open_job, arguments

    @property
    def id(self) -> JobId:
        """The job's id."""
        return self._job.id

    def state(self) -> JobState:
        """Return all the chain says about the job now."""
        return self._thread.run(self._job.state())

    def stage(self) -> Stage:
        """Return what the job is waiting for or doing, since when, and until when."""
        return self._thread.run(self._job.stage())

    def events(self, *, since_block: int | None = None) -> Iterator[JobEvent]:
        """Yield every change of the job until it has ended."""
        return self._thread.iterate(self._job.events(since_block=since_block))

    def logs(self, *, follow: bool = False, tail: int | None = None) -> Iterator[str]:
        """Yield the lines of the log; with ``follow`` as they come."""
        return self._thread.iterate(self._job.logs(follow=follow, tail=tail))

    def wait(self, *, timeout: timedelta | None = None) -> JobResult:
        """Return how the job ended; raises `WaitTimeout`, and then the job goes on."""
        return self._thread.run(self._job.wait(timeout=timeout))

    def bill(self) -> JobBill:
        """Return the bill as settled, or what an end now would cost."""
        return self._thread.run(self._job.bill())

    def cancel(self) -> JobState:
        """Cancel the job and return its state after it."""
        return self._thread.run(self._job.cancel())

    def top_up(self, credits: Credits) -> JobState:  # noqa: A002
        """Lock more credits for the job; what is not used comes back."""
        return self._thread.run(self._job.top_up(credits))


@lru_cache(maxsize=8)
def _shared_client(settings: Settings) -> Client:
    """Return the client behind unpickled handles: one for each grid, until the process ends."""
    return Client(settings)


def _open_job(settings: Settings, job_id: JobId, since_block: int | None) -> Job:
    del since_block
    return _shared_client(settings).job(job_id)
