"""What the client returns, as records for programs and in words for people."""

from collections.abc import Sequence

from deepsquare.chain import Label, Provider
from deepsquare.cli.formats import Record
from deepsquare.cli.words import ago, amount, clock, count_of, credits_of, duration, iso, minutes
from deepsquare.client import (
    Balance,
    JobBill,
    JobEvent,
    JobState,
    Offer,
    ProviderInfo,
    Rejection,
    Stage,
    short_id,
)
from deepsquare.labels import format_affinity


def job_record(state: JobState) -> Record:
    """Return all that the chain knows of a job."""
    job, definition, ended = state.job, state.job.definition, state.exit_status
    return {
        "id": state.id,
        "name": state.name,
        "status": state.status.name,
        "customer": state.customer,
        "provider": state.provider,
        "tasks": definition.ntasks,
        "cpus_per_task": definition.cpus_per_task,
        "mem_per_cpu_mb": definition.mem_per_cpu,
        "gpus": definition.gpus,
        "uses": label_record(definition.uses),
        "affinity": [format_affinity(affinity) for affinity in definition.affinity],
        "batch_location_hash": definition.batch_location_hash,
        **amount("locked", job.cost.max_cost),
        **amount("cost", job.cost.final_cost if state.is_over else None),
        **amount("cost_per_minute", state.cost_per_minute_wei),
        "submitted_at": iso(state.submitted_at),
        "started_at": iso(state.started_at),
        "ended_at": iso(state.ended_at),
        "paid_until": iso(state.paid_until),
        "is_cancelling": job.has_cancel_request and not state.is_over,
        "exit_code": ended.code if ended else None,
        "signal": (ended.signal or None) if ended else None,
        "last_error": job.last_error,
        "observed_at": iso(state.observed_at),
        "observed_block": state.block.number,
    }


def job_words(state: JobState) -> Record:
    """Return a job for a line of a table or a page."""
    now = state.observed_at
    return {
        **job_record(state),
        "id": short_id(state.id),
        "submitted": ago(state.submitted_at, now),
        "ran": duration((state.ended_at or now) - state.started_at) if state.started_at else "",
        "provider": short_address(state.provider),
    }


def stage_record(stage: Stage) -> Record:
    """Return why a job is where it is."""
    return {
        "status": stage.status.name,
        "why": stage.why,
        "since": iso(stage.since),
        "deadline": iso(stage.deadline),
        "jobs_ahead": stage.jobs_ahead,
        "observed_at": iso(stage.observed_at),
        "observed_block": stage.observed_block,
    }


def page_words(state: JobState, stage: Stage) -> Record:
    """Return a job and its stage for the page of one job."""
    definition, exited = state.job.definition, state.exit_status
    tasks = f"{count_of(definition.ntasks, 'task')} of {count_of(definition.cpus_per_task, 'CPU')}"
    memory = f"{definition.mem_per_cpu} MB per CPU"
    price = state.cost_per_minute_wei
    return {
        **job_words(state),
        "id": state.id,
        "provider": state.provider,
        "why": stage.why,
        "since": f"{clock(stage.since)} ({ago(stage.since, stage.observed_at)})",
        "deadline": clock(stage.deadline),
        "resources": f"{tasks}, {memory}, {count_of(definition.gpus, 'GPU')}",
        "locked": credits_of(state.job.cost.max_cost),
        "cost": credits_of(state.job.cost.final_cost if state.is_over else None),
        "price": f"{credits_of(price)} a minute" if price else "",
        "submitted": clock(state.submitted_at),
        "started": clock(state.started_at),
        "ended": clock(state.ended_at),
        "paid_until": clock(state.paid_until),
        "exit": exited.shown if exited else "",
        "observed": f"block {stage.observed_block}, {clock(stage.observed_at)}",
        "ahead": "" if stage.jobs_ahead is None else f"{stage.jobs_ahead} jobs wait too, at most",
    }


def event_record(event: JobEvent) -> Record:
    """Return one change of a job."""
    return {
        "job_id": event.job_id,
        "status": event.status.name,
        "at": iso(event.at),
        "why": event.why,
        "block": event.block,
    }


def bill_record(bill: JobBill) -> Record:
    """Return a bill; locked = provider + fee + refund, to the wei."""
    parts = bill.parts
    return {
        "job_id": bill.job_id,
        "status": bill.status.name,
        "is_final": bill.is_final,
        "minutes": parts.minutes,
        **amount("cost_per_minute", parts.cost_per_minute_wei),
        **amount("locked", parts.locked_wei),
        **amount("cost", parts.final_cost_wei),
        **amount("provider", parts.provider_wei),
        **amount("fee", parts.fee_wei),
        **amount("refund", parts.refund_wei),
    }


def bill_words(bill: JobBill) -> Record:
    """Return a bill for people."""
    parts = bill.parts
    per_minute = credits_of(parts.cost_per_minute_wei)
    return {
        "job_id": bill.job_id,
        "status": bill.status.name,
        "what": "settled" if bill.is_final else "so far, if it ended now",
        "time": f"{minutes(parts.minutes)} at {per_minute} a minute",
        "locked": credits_of(parts.locked_wei),
        "cost": credits_of(parts.final_cost_wei),
        "provider": credits_of(parts.provider_wei),
        "fee": credits_of(parts.fee_wei),
        "refund": credits_of(parts.refund_wei),
    }


def provider_record(info: ProviderInfo) -> Record:
    """Return a provider with its own prices."""
    provider, hardware = info.provider, info.provider.provider_hardware
    prices = provider.provider_prices
    return {
        "address": provider.addr,
        "nodes": hardware.nodes,
        "cpus": sum(hardware.cpus_per_node),
        "mem_mb": sum(hardware.mem_per_node),
        "gpus": sum(hardware.gpus_per_node),
        **amount("cpu_price_per_minute", prices.cpu_price_per_min),
        **amount("mem_mb_price_per_minute", prices.mem_price_per_min),
        **amount("gpu_price_per_minute", prices.gpu_price_per_min),
        "labels": label_record(provider.labels),
        "active_jobs": info.active_jobs,
        "started_jobs": info.started_jobs,
        "is_banned": provider.is_banned,
    }


def provider_words(info: ProviderInfo) -> Record:
    """Return a provider for a line of a table."""
    banned = ", banned" if info.provider.is_banned else ""
    return {
        **provider_record(info),
        "short_address": short_address(info.provider.addr),
        "labels": label_words(info.provider) + banned,
    }


def offer_record(offer: Offer) -> Record:
    """Return what a provider would take."""
    return {
        "provider": offer.provider,
        "fits": True,
        "reason": None,
        **amount("cost_per_minute", offer.cost_per_minute_wei),
        "minutes": offer.minutes,
        **amount("cost", offer.cost_wei),
        "labels": label_record(offer.labels),
    }


def rejection_record(rejection: Rejection) -> Record:
    """Return why a provider is out."""
    return {
        "provider": rejection.provider,
        "fits": False,
        "reason": rejection.reason,
        **amount("cost_per_minute", None),
        "minutes": None,
        **amount("cost", None),
        "labels": None,
    }


def balance_record(balance: Balance) -> Record:
    """Return what an account has."""
    return {
        "account": balance.account,
        **amount("credits", balance.credits_wei),
        **amount("native", balance.native_wei),
        **amount("allowance", balance.allowance_wei),
        "observed_block": balance.block.number,
    }


def label_record(labels: Sequence[Label]) -> dict[str, str]:
    """Return labels by key."""
    return {label.key: label.value for label in labels}


def label_words(provider: Provider) -> str:
    """Return a provider's labels in one line."""
    return ", ".join(f"{label.key}={label.value}" for label in provider.labels)


def short_address(address: str | None) -> str:
    """Return an address as its two ends, for tables."""
    return f"{address[:6]}…{address[-4:]}" if address else ""
