"""Carries commands out in batches, one transaction each."""

from collections.abc import Sequence
from typing import assert_never

from deepsquare.chain import Call, Grid
from deepsquare.chain.contracts.meta_scheduler import decode_try_multicall
from deepsquare.chain.events import CallFailed, decode_event
from deepsquare.chain.reverts import decode_revert
from deepsquare.chain.sender import Sender
from deepsquare.chain.transactions import Receipt
from deepsquare.errors import DeepSquareError
from deepsquare_metascheduler.domain.commands import Assign, Command, Expire, TimeOut, TopUp
from deepsquare_metascheduler.ports.chain import Outcome


class ChainGridActions:
    """Sends commands through `tryMulticall`.

    Each batch is simulated first, so that commands another party has overtaken cost no gas.
    """

    def __init__(self, grid: Grid, sender: Sender, *, batch_size: int) -> None:
        self._grid = grid
        self._sender = sender
        self._batch_size = batch_size

    async def balance_wei(self) -> int:
        """Return the wallet's native coin."""
        return await self._sender.balance_wei()

    async def execute(self, commands: Sequence[Command]) -> list[Outcome]:
        """Carry commands out in order, ``batch_size`` to a transaction."""
        outcomes: list[Outcome] = []
        for start in range(0, len(commands), self._batch_size):
            outcomes += await self._execute_batch(commands[start : start + self._batch_size])
        return outcomes

    async def _execute_batch(self, commands: Sequence[Command]) -> list[Outcome]:
        simulated = await self._simulate(commands)
        failed = [outcome for outcome in simulated if outcome.error]
        hopeful = [outcome.command for outcome in simulated if not outcome.error]
        if not hopeful:
            return failed
        receipt = await self._sender.send(self._batch(hopeful))
        return failed + _mined(hopeful, receipt)

    async def _simulate(self, commands: Sequence[Command]) -> list[Outcome]:
        raw = await self._grid.rpc.eth_call(self._batch(commands), sender=self._sender.address)
        results = decode_try_multicall(raw)
        return [
            Outcome(command, None if was_success else decode_revert(data))
            for command, (was_success, data) in zip(commands, results, strict=True)
        ]

    def _batch(self, commands: Sequence[Command]) -> Call:
        return self._grid.meta_scheduler.try_multicall([self._call(c) for c in commands])

    def _call(self, command: Command) -> Call:
        contract = self._grid.meta_scheduler
        match command:
            case Assign():
                return contract.meta_schedule(command.job_id, command.provider)
            case TimeOut():
                return contract.timeout_job(command.job_id)
            case Expire():
                return contract.expire_job(command.job_id)
            case TopUp():
                return contract.top_up_job_delegate(command.job_id)
            case _:
                assert_never(command)


def _mined(commands: Sequence[Command], receipt: Receipt) -> list[Outcome]:
    errors: dict[int, DeepSquareError] = {}
    for log in receipt.logs:
        event = decode_event(log)
        if isinstance(event, CallFailed):
            errors[event.index] = decode_revert(event.reason)
    return [Outcome(command, errors.get(index)) for index, command in enumerate(commands)]
