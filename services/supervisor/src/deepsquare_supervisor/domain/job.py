"""The supervisor's record of one job."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from deepsquare.identifiers import JobId
from deepsquare_supervisor.domain.batch import NO_BATCH, Batch, SlurmId
from deepsquare_supervisor.domain.claim import ChainJob


class Phase(IntEnum):
    """How far one attempt at a job has come; it never goes back."""

    CLAIMED = 0
    """Held on chain; the script is still needed."""
    READY = 1
    """The script is here and its hash is right."""
    SUBMITTED = 2
    """The batch system holds a batch of the job."""
    STARTED = 3
    """The batch started."""
    ENDED = 4
    """Accounting proves that the batch ended."""
    CLOSED = 5
    """The chain's word is final and no batch is left: nothing remains to be done."""


class HandBack(StrEnum):
    """Why a job that did not start goes back to the pool."""

    SCRIPT_MISSING = "SCRIPT_MISSING"
    HASH_DIFFERS = "HASH_DIFFERS"
    SUBMIT_REFUSED = "SUBMIT_REFUSED"
    NOT_SUBMITTED_IN_TIME = "NOT_SUBMITTED_IN_TIME"


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings the rules depend on; times in seconds.

    ``stop_s``: from TERM to the end of a batch. ``finality_blocks``: how many blocks above an end
    it counts as final. ``max_minutes``: the longest run time the site grants. ``script_grace_s``:
    how long a missing script is asked for again. ``hand_back_margin_s``: how long before the claim
    time-out a job that could not be submitted goes back. ``attest_every_s``: how often the chain is
    told that a job still runs. ``lost_after_s``: how long a batch may be missing from queue and
    accounting, both answering, before it counts as lost.
    """

    stop_s: int
    finality_blocks: int
    max_minutes: int
    script_grace_s: int = 60
    hand_back_margin_s: int = 60
    attest_every_s: int = 7200
    lost_after_s: int = 3600


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one job: the newest views of chain and batch, and what they do not tell.

    ``now`` and ``claimed_at`` are the site's clock (Unix seconds); ``claimed_at`` is when this
    supervisor first saw the claim. ``ignore_up_to``: batches of earlier attempts.
    ``unseen_since``: since when queue and accounting know no batch of it, 0 while one does or the
    answer is open. ``gone_block``: the block at which the job was first seen out of this provider's
    hands, else 0.
    """

    chain: ChainJob
    now: int
    claimed_at: int
    attempt: int = 1
    phase: Phase = Phase.CLAIMED
    batch: Batch | None = None
    ignore_up_to: SlurmId = NO_BATCH
    hand_back: HandBack | None = None
    reason: str = ""
    has_submission_begun: bool = False
    unseen_since: int = 0
    script_missed_at: int = 0
    cancel_sent_at: int = 0
    gone_block: int = 0

    @property
    def job_id(self) -> JobId:
        """The id, equal to the name of the batch."""
        return self.chain.job_id

    @property
    def live_batch(self) -> Batch | None:
        """The batch, while it is in the queue or on nodes."""
        return self.batch if self.batch and self.batch.state.is_live else None
