"""The batch system: Slurm through sbatch, squeue, scontrol and scancel."""

import os
import re
from collections.abc import Collection, Mapping, Sequence

from deepsquare.errors import Unavailable
from deepsquare.identifiers import JobId
from deepsquare_supervisor.adapters.process import Outcome, run_program
from deepsquare_supervisor.adapters.slurm import commands, parsing
from deepsquare_supervisor.adapters.slurm.commands import SiteOptions
from deepsquare_supervisor.domain.batch import Batch, SlurmId
from deepsquare_supervisor.ports.batch_system import (
    AccountingUnavailable,
    BatchRefused,
    BatchRequest,
    BatchSystemUnavailable,
)

TIMEOUT_S = 20

_REFUSED = re.compile(r"Batch job submission failed: (?P<why>.*)")
_PASSING = re.compile(
    r"contact|timed out|communication|connect|socket|zero bytes|temporar|try again|authentication"
    r"|credential|i/o error|unexpected message|shutdown|in standby|slurm backup",
    re.IGNORECASE,
)
"""Reasons of a failed submission that say nothing about the batch itself."""


class SlurmCommands:
    """A `BatchSystem`. ``environment`` is what Slurm's commands need: PATH, maybe SLURM_CONF."""

    def __init__(self, options: SiteOptions, environment: Mapping[str, str]) -> None:
        self._options = options
        self._environment = dict(environment)
        self._own_uid = os.geteuid()

    async def submit(self, request: BatchRequest) -> SlurmId:
        """See `BatchSystem`."""
        argv = commands.sbatch(request, self._options, own_uid=self._own_uid)
        environment = {**request.environment, **self._environment}
        outcome = await _run(argv, env=environment, stdin=request.script)
        if outcome.code:
            raise _submission_error(outcome)
        try:
            return parsing.parse_submission(outcome.stdout)
        except parsing.UnreadableAnswer as error:
            raise BatchSystemUnavailable(error.message) from error

    async def live(self) -> tuple[Batch, ...]:
        """See `BatchSystem`."""
        outcome = await self._ask(commands.squeue())
        mark = commands.owner_mark(self._options.provider)
        return tuple(batch for batch in parsing.parse_queue(outcome.stdout) if batch.owner == mark)

    async def set_limit(self, batch_id: SlurmId, minutes: int) -> None:
        """See `BatchSystem`."""
        await self._ask(commands.set_limit(batch_id, minutes))

    async def terminate(self, batch_id: SlurmId) -> None:
        """See `BatchSystem`."""
        await self._ask(commands.terminate(batch_id))

    async def cancel(self, batch_id: SlurmId) -> None:
        """See `BatchSystem`."""
        await self._ask(commands.cancel(batch_id))

    async def _ask(self, argv: Sequence[str]) -> Outcome:
        outcome = await _run(argv, env={**self._environment, "SLURM_TIME_FORMAT": "%s"})
        if outcome.code:
            raise BatchSystemUnavailable(f"{argv[0]}: {outcome.stderr[:500]}")
        return outcome


class SlurmDatabase:
    """`Accounting` through sacct, for sites with slurmdbd."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**environment, "SLURM_TIME_FORMAT": "%s"}

    async def ended(self, job_ids: Collection[JobId]) -> tuple[Batch, ...]:
        """See `Accounting`."""
        if not job_ids:
            return ()
        try:
            outcome = await _run(commands.sacct(job_ids), env=self._environment)
        except BatchSystemUnavailable as error:
            raise AccountingUnavailable(error.message) from error
        if outcome.code:
            raise AccountingUnavailable(f"sacct: {outcome.stderr[:500]}")
        try:
            return parsing.parse_accounting(outcome.stdout)
        except parsing.UnreadableAnswer as error:
            raise AccountingUnavailable(error.message) from error


async def _run(argv: Sequence[str], *, env: Mapping[str, str], stdin: bytes = b"") -> Outcome:
    try:
        return await run_program(argv, env=env, stdin=stdin, timeout_s=TIMEOUT_S)
    except Unavailable as error:
        raise BatchSystemUnavailable(error.message) from error


def _submission_error(outcome: Outcome) -> BatchRefused | BatchSystemUnavailable:
    """Tell a refusal of the batch from anything that may pass; in doubt it may pass."""
    refusal = _REFUSED.search(outcome.stderr)
    if refusal and not _PASSING.search(refusal["why"]):
        return BatchRefused(f"Slurm does not take the batch: {refusal['why'][:200]}")
    return BatchSystemUnavailable(f"sbatch: {outcome.stderr[:500]}")
