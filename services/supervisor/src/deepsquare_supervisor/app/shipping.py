"""Ships the output of batches to the sbatch API, by offset: again is harmless, late is fine."""

from dataclasses import dataclass, replace

import structlog

from deepsquare.errors import DeepSquareError, Unavailable
from deepsquare.identifiers import JobId
from deepsquare_supervisor.app.pauses import Pauses
from deepsquare_supervisor.domain.batch import SlurmId
from deepsquare_supervisor.domain.claim import Standing
from deepsquare_supervisor.domain.job import Job, Phase
from deepsquare_supervisor.ports.accounts import Account, UnixAccounts
from deepsquare_supervisor.ports.clock import Clock
from deepsquare_supervisor.ports.journal import Journal, Shipment
from deepsquare_supervisor.ports.output import OutputFiles
from deepsquare_supervisor.ports.sbatch_api import LogOffsetDiffers, LogRefused, LogSink

log = structlog.get_logger(__name__)

CHUNK_BYTES = 256 * 1024
CHUNKS_A_TURN = 16
"""So that one job's flood does not hold up the logs of the others."""

Key = tuple[JobId, SlurmId]


@dataclass(frozen=True, slots=True)
class Watched:
    """A shipment and what its job's record says."""

    shipment: Shipment
    is_first_attempt: bool
    has_ended: bool
    is_lost: bool


class LogShipper:
    """Keeps a position for each batch that has output."""

    def __init__(
        self,
        *,
        sink: LogSink,
        files: OutputFiles,
        accounts: UnixAccounts,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self._sink = sink
        self._files = files
        self._accounts = accounts
        self._journal = journal
        self._clock = clock
        self._pauses = Pauses()
        self._known: dict[Key, Shipment] = {}
        self._watched: dict[Key, Watched] = {}
        for shipment in journal.open_shipments():
            self._resume(shipment)

    def watch(self, job: Job) -> None:
        """Note how a job stands; from the start of its batch on its output is shipped."""
        if job.batch is None or job.phase < Phase.STARTED:
            return
        key = (job.job_id, job.batch.batch_id)
        if key not in self._known:
            self._keep(key, Shipment(*key, customer=job.chain.customer))
        shipment = self._known[key]
        if shipment.is_done:
            return
        self._watched[key] = Watched(
            shipment=shipment,
            is_first_attempt=job.attempt == 1,
            has_ended=job.phase >= Phase.ENDED,
            is_lost=job.chain.standing is Standing.LOST,
        )

    async def ship(self) -> None:
        """Send what is new in every watched output; what fails is tried again after a pause."""
        for key, watched in tuple(self._watched.items()):
            if not self._pauses.is_over(key, self._clock.now()):
                continue
            try:
                await self._ship_one(key, watched)
            except LogRefused as error:
                log.warning("log not taken", job_id=key[0], reason=error.message)
                self._keep(key, replace(self._known[key], is_done=True))
            except Unavailable as error:
                self._pauses.failed(key, self._clock.now())
                log.warning("logs wait", job_id=key[0], code=error.code, reason=error.message)
            except DeepSquareError as error:
                self._pauses.failed(key, self._clock.now())
                log.warning("logs stuck", job_id=key[0], code=error.code, reason=error.message)
            else:
                self._pauses.worked(key)

    async def _ship_one(self, key: Key, watched: Watched) -> None:
        account = await self._accounts.of(watched.shipment.customer)
        for _ in range(CHUNKS_A_TURN):
            shipment = self._known[key]
            data = self._read(account, shipment)
            if data:
                await self._send(key, data, watched)
            elif watched.has_ended:
                await self._finish(key, watched)
                return
            else:
                return

    def _read(self, account: Account, shipment: Shipment) -> bytes | None:
        return self._files.read(
            account,
            shipment.job_id,
            shipment.batch_id,
            offset=shipment.offset,
            limit=CHUNK_BYTES,
        )

    async def _send(self, key: Key, data: bytes, watched: Watched) -> None:
        shipment = self._known[key]
        if not shipment.offset and not shipment.base:
            shipment = await self._positioned(shipment, watched)
            self._keep(key, shipment)
            if shipment.offset:
                return
        try:
            await self._append(shipment, data, is_end=False)
        except LogOffsetDiffers as error:
            size = int(error.details["size"])
            self._keep(key, replace(shipment, offset=max(0, size - shipment.base)))
            return
        self._keep(key, replace(shipment, offset=shipment.offset + len(data)))

    async def _positioned(self, shipment: Shipment, watched: Watched) -> Shipment:
        """Find out what the API holds: of this batch, or of earlier attempts at the job."""
        size = await self._sink.size(shipment.job_id)
        if watched.is_first_attempt:
            return replace(shipment, offset=size)
        return replace(shipment, base=size)

    async def _finish(self, key: Key, watched: Watched) -> None:
        shipment = self._known[key]
        if not watched.is_lost:
            await self._append(shipment, b"", is_end=True)
        self._keep(key, replace(shipment, is_done=True))
        log.info("log complete", job_id=shipment.job_id, size=shipment.offset)

    async def _append(self, shipment: Shipment, data: bytes, *, is_end: bool) -> None:
        await self._sink.append(
            shipment.job_id, offset=shipment.base + shipment.offset, data=data, is_end=is_end
        )

    def _keep(self, key: Key, shipment: Shipment) -> None:
        self._journal.save_shipment(shipment)
        self._known[key] = shipment
        if shipment.is_done:
            self._watched.pop(key, None)

    def _resume(self, shipment: Shipment) -> None:
        key = (shipment.job_id, shipment.batch_id)
        self._known[key] = shipment
        job = self._journal.find_job(shipment.job_id)
        if job:
            self.watch(job)
