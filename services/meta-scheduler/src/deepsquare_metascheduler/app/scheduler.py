"""One tick: read the state, decide, act. Nothing is remembered that the chain can tell."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from deepsquare.chain.contract_error import ContractError
from deepsquare_metascheduler.domain.avoidance import AvoidancePolicy
from deepsquare_metascheduler.domain.commands import Command
from deepsquare_metascheduler.domain.decide import Decision, decide
from deepsquare_metascheduler.domain.snapshot import Snapshot
from deepsquare_metascheduler.ports.chain import GridActions, GridState, Outcome

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick saw and did."""

    snapshot: Snapshot
    decision: Decision
    outcomes: tuple[Outcome, ...]
    balance_wei: int
    """What the wallet has left for gas."""


class Scheduler:
    """Assigns jobs and enforces deadlines, level-triggered.

    The same code runs at start, after a restart and after an outage (faults.md D9). A second
    meta-scheduler only makes some commands fail (D10).
    """

    def __init__(self, state: GridState, actions: GridActions, *, policy: AvoidancePolicy) -> None:
        self._state = state
        self._actions = actions
        self._policy = policy
        self._told: frozenset[tuple[Command, str]] = frozenset()

    async def tick(self) -> Tick:
        """Look once and do what is due; raises `Unavailable` and `Refused` of the ports."""
        snapshot = await self._state.snapshot()
        decision = decide(snapshot, self._policy)
        outcomes: list[Outcome] = []
        if decision.commands:
            outcomes = await self._actions.execute(decision.commands)
        self._report(outcomes)
        balance_wei = await self._actions.balance_wei()
        return Tick(snapshot, decision, tuple(outcomes), balance_wei)

    def _report(self, outcomes: Sequence[Outcome]) -> None:
        """Log what was done, and each refusal once while it lasts."""
        refused = {(o.command, o.error.code) for o in outcomes if o.error}
        for outcome in outcomes:
            if outcome.error is None or (outcome.command, outcome.error.code) not in self._told:
                _log_outcome(outcome)
        self._told = frozenset(refused)


def _log_outcome(outcome: Outcome) -> None:
    command, error = outcome.command, outcome.error
    log = _log.bind(command=type(command).__name__, job=command.job_id, provider=command.provider)
    if error is None:
        log.info("command_done")
    elif isinstance(error, ContractError):
        # the state moved on between the look and the block: a cancel, another meta-scheduler
        log.info("command_overtaken", code=error.code, why=error.message)
    else:
        log.warning("command_failed", code=error.code, why=error.message)
