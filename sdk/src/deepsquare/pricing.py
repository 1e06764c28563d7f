"""The one cost formula: estimate, live cost and bill all come from here (protocol.md 4).

Amounts are credit-wei, times are chain time in Unix seconds, minutes are whole and rounded down.
"""

from dataclasses import dataclass

from deepsquare.amounts import Wei
from deepsquare.chain._generated.structs import Job, JobDefinition, JobTerms, ProviderPrices

SECONDS_PER_MINUTE = 60
MAX_MINUTES = 2**64 - 1
"""Where the contracts carry minutes as uint64 they saturate here (protocol.md 2.4)."""


@dataclass(frozen=True, slots=True)
class Bill:
    """How the credits locked for a job were, or would be, divided when it ends.

    ``locked_wei`` always equals ``provider_wei + fee_wei + refund_wei``.
    """

    locked_wei: Wei
    cost_per_minute_wei: Wei
    minutes: int
    provider_wei: Wei
    fee_wei: Wei
    refund_wei: Wei
    was_clamped: bool = False
    """The provider reported more than the chain's clock allows (`BilledTooMuchEvent`)."""

    @property
    def final_cost_wei(self) -> Wei:
        """What the customer pays in the end."""
        return Wei(self.provider_wei + self.fee_wei)


def cost_per_minute(definition: JobDefinition, prices: ProviderPrices) -> Wei:
    """Return what a minute of a job costs at these prices (protocol.md 4.1)."""
    threads = definition.ntasks * definition.cpus_per_task
    per_thread = prices.cpu_price_per_min + definition.mem_per_cpu * prices.mem_price_per_min
    return Wei(threads * per_thread + definition.gpus * prices.gpu_price_per_min)


def paid_minutes(locked_wei: int, cost_per_minute_wei: int) -> int:
    """Return how many whole minutes the locked credits pay; a cost of 0 is refused."""
    if cost_per_minute_wei <= 0:
        raise ValueError("a job without a cost per minute has no paid time")
    return min(locked_wei // cost_per_minute_wei, MAX_MINUTES)


def lock_for_minutes(minutes: int, cost_per_minute_wei: int) -> Wei:
    """Return the credits that pay exactly so many minutes."""
    return Wei(minutes * cost_per_minute_wei)


def elapsed_minutes(job: Job, terms: JobTerms, now_s: int) -> int:
    """Return the minutes a report at ``now_s`` can claim without the delta (protocol.md 4.2).

    The billing horizon stops one expire grace after a cancel request.
    """
    return _minutes_between(job.time.start, _horizon_s(job, terms, now_s))


def settle_report(job: Job, terms: JobTerms, *, now_s: int, reported_minutes: int) -> Bill:
    """Return the bill of a cold status reported from RUNNING (protocol.md 4.2)."""
    elapsed = elapsed_minutes(job, terms, now_s)
    was_clamped = reported_minutes > elapsed + terms.bill_duration_delta_minute
    minutes = elapsed if was_clamped else max(reported_minutes, 1)
    return _divide(job, terms, minutes=minutes, was_clamped=was_clamped)


def settle_cancel_scheduled(job: Job, terms: JobTerms, *, now_s: int) -> Bill:
    """Return the bill of `cancelJob` on a SCHEDULED job (protocol.md 4.3).

    The fee for the reserved place goes to the provider whole; it is waived from the deadline on.
    """
    if now_s >= terms.deadline:
        return full_refund(job, terms)
    paid = paid_minutes(job.cost.max_cost, terms.cost_per_minute)
    minutes = min(terms.cancellation_fee_minute, paid)
    cost = minutes * terms.cost_per_minute
    return _bill(job, terms, minutes=minutes, provider_wei=cost)


def settle_expiry(job: Job, terms: JobTerms, *, now_s: int) -> Bill:
    """Return the bill of `expireJob`: paid up to the last checkpoint (protocol.md 3.6)."""
    attested_until = min(terms.last_checkpoint, _horizon_s(job, terms, now_s))
    proven = _minutes_between(job.time.start, attested_until) if terms.last_checkpoint else 0
    return _divide(job, terms, minutes=proven)


def full_refund(job: Job, terms: JobTerms) -> Bill:
    """Return the bill of a job that ends without any cost (protocol.md 4.3)."""
    return _bill(job, terms, minutes=0)


def _divide(job: Job, terms: JobTerms, *, minutes: int, was_clamped: bool = False) -> Bill:
    billed = min(minutes, paid_minutes(job.cost.max_cost, terms.cost_per_minute))
    final = billed * terms.cost_per_minute
    fee = final * terms.deepsquare_cut // 100
    return _bill(
        job,
        terms,
        minutes=billed,
        provider_wei=final - fee,
        fee_wei=fee,
        was_clamped=was_clamped,
    )


def _bill(
    job: Job,
    terms: JobTerms,
    *,
    minutes: int,
    provider_wei: int = 0,
    fee_wei: int = 0,
    was_clamped: bool = False,
) -> Bill:
    return Bill(
        locked_wei=Wei(job.cost.max_cost),
        cost_per_minute_wei=Wei(terms.cost_per_minute),
        minutes=minutes,
        provider_wei=Wei(provider_wei),
        fee_wei=Wei(fee_wei),
        refund_wei=Wei(job.cost.max_cost - provider_wei - fee_wei),
        was_clamped=was_clamped,
    )


def _horizon_s(job: Job, terms: JobTerms, now_s: int) -> int:
    requested = job.time.cancel_request_timestamp
    if not requested:
        return now_s
    return min(now_s, requested + SECONDS_PER_MINUTE * terms.expire_grace_minute)


def _minutes_between(start_s: int, end_s: int) -> int:
    return max(0, end_s - start_s) // SECONDS_PER_MINUTE
