"""What the supervisor saw: facts about one job, in the past tense."""

from dataclasses import dataclass

from deepsquare_supervisor.domain.batch import Batch
from deepsquare_supervisor.domain.claim import ChainJob


@dataclass(frozen=True, slots=True)
class ChainRead:
    """The chain was asked for the job at a block."""

    chain: ChainJob


@dataclass(frozen=True, slots=True)
class ScriptFetched:
    """The script arrived and its hash is the one on chain."""


@dataclass(frozen=True, slots=True)
class ScriptMissed:
    """The sbatch API answered that it has no such script for this provider."""


@dataclass(frozen=True, slots=True)
class ScriptDiffered:
    """The script that arrived has another hash than the one on chain."""

    actual_hash: str


@dataclass(frozen=True, slots=True)
class SubmissionBegan:
    """The batch system is about to be asked; from here on a batch may exist."""


@dataclass(frozen=True, slots=True)
class SubmissionRefused:
    """The batch system will not take the batch, and holds none of its name."""

    reason: str


@dataclass(frozen=True, slots=True)
class BatchSeen:
    """The queue holds a live batch of the job."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class BatchEnded:
    """Accounting proves that a batch of the job ended."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class BatchUnseen:
    """Queue and accounting both answered, and neither knows a batch of the job."""


@dataclass(frozen=True, slots=True)
class LookUpFailed:
    """Queue or accounting gave no answer: whether there is a batch is open."""


@dataclass(frozen=True, slots=True)
class CancelSent:
    """TERM went to the batch shell."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The site's clock shows ``now`` (Unix seconds)."""

    now: int


Observation = (
    ChainRead
    | ScriptFetched
    | ScriptMissed
    | ScriptDiffered
    | SubmissionBegan
    | SubmissionRefused
    | BatchSeen
    | BatchEnded
    | BatchUnseen
    | LookUpFailed
    | CancelSent
    | TimePassed
)
