"""Finding a job by what people write: a whole id, the start of one, a name, ``@last``."""

import re
from collections.abc import Sequence

from deepsquare._client.errors import JobAmbiguous, JobNotFound
from deepsquare.chain import BlockRef, Grid, Job
from deepsquare.chain.contracts.meta_scheduler import job_name_from_bytes
from deepsquare.identifiers import Address, InvalidIdentifier, JobId, parse_job_id

LAST = "@last"
SEARCHED = 1000
"""The newest jobs of an account among which a prefix or name is looked for."""

SHORT_DIGITS = 8
_PADDING = "0" * 32
_LEAST_DECIMAL_DIGITS = 30
_PREFIX = re.compile(r"(0x)?[0-9a-f]{4,64}")


def short_id(job_id: JobId) -> str:
    """Return the first digits that tell jobs apart; ids have 16 leading zero bytes."""
    return job_id.removeprefix("0x").removeprefix(_PADDING)[:SHORT_DIGITS]


def whole_id(reference: str) -> JobId | None:
    """Return the id that a reference spells out, None if it has to be looked up."""
    is_short_number = reference.isdigit() and len(reference) < _LEAST_DECIMAL_DIGITS
    try:
        return None if is_short_number else parse_job_id(reference)
    except InvalidIdentifier:
        return None


async def find_job_id(grid: Grid, account: Address, reference: str) -> JobId:
    """Look up the start of an id, a name, or ``@last``; raises `JobNotFound`, `JobAmbiguous`."""
    block = await grid.head()
    ids = await recent_ids(grid, account, limit=SEARCHED, at=block)
    if reference == LAST:
        return _the_last(ids, account)
    if starts := _starting_with(reference, ids):
        return _the_only(reference, starts)
    named = _named(reference, await grid.jobs.get_many(ids, at=block))
    if not named:
        raise JobNotFound(f'{account} has no job "{reference}": `deepsquare jobs` lists them')
    return _the_only(reference, named)


async def recent_ids(
    grid: Grid, account: Address, *, limit: int, at: BlockRef
) -> tuple[JobId, ...]:
    """Return the newest ids of an account, the newest last."""
    count = await grid.jobs.customer_nonce(account, at=at)
    cursor = max(0, count - limit)
    ids, _ = await grid.jobs.get_by_customer_page(account, cursor=cursor, limit=limit, at=at)
    return ids


def _the_last(ids: Sequence[JobId], account: Address) -> JobId:
    if not ids:
        raise JobNotFound(f"{account} has no job yet")
    return ids[-1]


def _starting_with(reference: str, ids: Sequence[JobId]) -> list[JobId]:
    text = reference.lower()
    if not _PREFIX.fullmatch(text):
        return []
    digits = text.removeprefix("0x")
    whole = [job_id for job_id in ids if job_id.startswith(f"0x{digits}")]
    return whole or [job_id for job_id in ids if job_id.startswith(f"0x{_PADDING}{digits}")]


def _named(reference: str, jobs: Sequence[Job]) -> list[JobId]:
    return [job.job_id for job in jobs if job_name_from_bytes(job.job_name) == reference]


def _the_only(reference: str, ids: Sequence[JobId]) -> JobId:
    if len(ids) > 1:
        raise JobAmbiguous(reference, ids)
    return ids[0]
