"""Seconds at which something changes for a job, so that calls come just before and after them."""

from collections.abc import Mapping

from tests.contracts.invariants.reference_jobs import RefJob

from deepsquare.chain._generated.enums import JobStatus as S

MINUTE = 60
CANCEL_GRACES = 24
MOMENTS = (
    "deadline",
    "next minute",
    "half an hour",
    "slice left",
    "paid time over",
    "deadline without a cancel",
    "horizon",
    "well after the horizon",
)
"""What may be awaited; most exist for a running job only, the last two after its cancel."""


def moments(job: RefJob, now: int) -> Mapping[str, int]:
    """Return the seconds of the moments that lie in the future of a hot job."""
    found = {"half an hour": now + 30 * MINUTE}
    if job.deadline:
        found["deadline"] = job.deadline
    if job.status == S.RUNNING:
        found |= _of_running(job, now)
    return {name: second for name, second in found.items() if second > now}


def _of_running(job: RefJob, now: int) -> Mapping[str, int]:
    paid_until = job.start + MINUTE * job.paid_minutes
    grace = MINUTE * job.snapshot.expire_grace
    found = {
        "next minute": job.start + MINUTE * ((now - job.start) // MINUTE + 1),
        "slice left": paid_until - MINUTE * job.snapshot.slice,
        "paid time over": paid_until + MINUTE,
        "deadline without a cancel": paid_until + grace,
    }
    if job.cancel_requested:
        found["horizon"] = job.cancel_requested + grace
        found["well after the horizon"] = job.cancel_requested + 2 * grace
    return found
