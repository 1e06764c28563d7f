"""What the supervisor tells the chain, through the SDK's sender."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from deepsquare.chain import Call, Grid, JobStatus, Report
from deepsquare.chain.contracts.meta_scheduler import decode_try_multicall
from deepsquare.chain.errors import FeeCapReached, NonceTaken, OutOfGasMoney
from deepsquare.chain.fees import Fees
from deepsquare.chain.reverts import decode_revert
from deepsquare.chain.sender import Sender
from deepsquare.chain.transactions import Receipt, SignedTransaction, TxHash
from deepsquare.errors import DeepSquareError, Refused, Unavailable
from deepsquare_supervisor.domain.commands import (
    AttestRunning,
    ChainCommand,
    RefuseJob,
    ReportEnd,
    ReportRunning,
    TakeJobs,
    TakeStops,
    TakeTopUps,
)
from deepsquare_supervisor.ports.chain import (
    ChainUnavailable,
    Draft,
    Fate,
    Refusal,
    Signed,
    TransactionRefused,
    Verdict,
)


class GridLedger:
    """A `Ledger`."""

    def __init__(self, grid: Grid, sender: Sender) -> None:
        self._grid = grid
        self._sender = sender

    async def sign(self, commands: Sequence[ChainCommand]) -> Draft:
        """See `Ledger`; what fails in a trial run is left out."""
        try:
            refusals = await self._try(commands)
            left_out = [refusal.command for refusal in refusals]
            rest = [command for command in commands if command not in left_out]
            signed = await self._sign(rest) if rest else None
        except (Unavailable, FeeCapReached) as error:
            raise ChainUnavailable(error.message) from error
        except Refused as error:
            raise ChainUnavailable(f"the state moved while signing: {error.message}") from error
        return Draft(signed, refusals)

    async def replace(self, signed: Signed) -> Signed:
        """See `Ledger`."""
        try:
            return _packed(await self._sender.replace(_unpacked(signed)))
        except Unavailable as error:
            raise ChainUnavailable(error.message) from error
        except Refused as error:
            raise TransactionRefused(error.message) from error

    async def broadcast(self, signed: Signed) -> None:
        """See `Ledger`; a nonce that is taken shows in `fate`."""
        try:
            await self._sender.broadcast(_unpacked(signed))
        except NonceTaken:
            return
        except (Unavailable, OutOfGasMoney) as error:
            raise ChainUnavailable(error.message) from error
        except Refused as error:
            raise TransactionRefused(error.message) from error

    async def fate(self, rivals: Sequence[Signed]) -> Verdict:
        """See `Ledger`; the nonce is read before the receipts, so that no order misleads."""
        try:
            nonce = await self._sender.confirmed_nonce()
            for signed in reversed(rivals):
                transaction = _unpacked(signed)
                if receipt := await self._sender.receipt(transaction.hash):
                    return await self._verdict(transaction, receipt)
            if nonce <= rivals[-1].nonce:
                return Verdict(Fate.WAITING)
            await self._sender.sync()
            return Verdict(Fate.SUPERSEDED, block=await self._head())
        except Unavailable as error:
            raise ChainUnavailable(error.message) from error

    async def _try(self, commands: Sequence[ChainCommand]) -> tuple[Refusal, ...]:
        calls = [self._call(command) for command in commands]
        trial = self._grid.meta_scheduler.try_multicall(calls)
        raw = await self._grid.rpc.eth_call(trial, sender=self._sender.address)
        results = decode_try_multicall(raw)
        return tuple(
            _refusal(command, data)
            for command, (is_success, data) in zip(commands, results, strict=True)
            if not is_success
        )

    async def _sign(self, commands: Sequence[ChainCommand]) -> Signed:
        calls = [self._call(command) for command in commands]
        call = calls[0] if len(calls) == 1 else self._grid.meta_scheduler.try_multicall(calls)
        return _packed(await self._sender.sign(call))

    async def _verdict(self, transaction: SignedTransaction, receipt: Receipt) -> Verdict:
        if receipt.is_success:
            return Verdict(Fate.MINED, block=receipt.block_number)
        why = await self._sender.explain(transaction, receipt)
        return Verdict(Fate.REVERTED, block=receipt.block_number, reason=why.message)

    async def _head(self) -> int:
        return (await self._grid.head()).number

    def _call(self, command: ChainCommand) -> Call:
        entry = self._grid.meta_scheduler
        match command:
            case ReportRunning(job_id):
                return entry.provider_set_job_status(job_id, Report(JobStatus.RUNNING))
            case ReportEnd(job_id, ending):
                report = Report(
                    ending.status, ending.minutes, ending.reason, exit_code=ending.exit_status
                )
                return entry.provider_set_job_status(job_id, report)
            case RefuseJob(job_id):
                return entry.refuse_job(job_id)
            case AttestRunning(job_id):
                return entry.checkpoint_job(job_id)
            case TakeJobs(limit):
                return entry.claim_next_jobs(limit)
            case TakeStops(limit):
                return entry.claim_next_cancelling_jobs(limit)
            case TakeTopUps(limit):
                return entry.claim_next_top_up_jobs(limit)


def _refusal(command: ChainCommand, data: bytes) -> Refusal:
    error: DeepSquareError = decode_revert(data)
    return Refusal(command, error.code, error.message)


def _packed(transaction: SignedTransaction) -> Signed:
    call = transaction.call
    fields = {
        "raw": transaction.raw.hex(),
        "to": call.to,
        "data": call.data.hex(),
        "gas": transaction.gas,
        "fees": asdict(transaction.fees),
    }
    return Signed(
        nonce=transaction.nonce,
        label=transaction.call.label,
        tx_hash=transaction.hash,
        token=json.dumps(fields),
    )


def _unpacked(signed: Signed) -> SignedTransaction:
    fields = json.loads(signed.token)
    return SignedTransaction(
        raw=bytes.fromhex(fields["raw"]),
        hash=TxHash(signed.tx_hash),
        nonce=signed.nonce,
        call=Call(fields["to"], bytes.fromhex(fields["data"]), signed.label),
        gas=fields["gas"],
        fees=Fees(**fields["fees"]),
    )
