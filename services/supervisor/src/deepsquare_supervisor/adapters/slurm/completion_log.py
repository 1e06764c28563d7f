"""Accounting without slurmdbd: the file that Slurm's jobcomp/filetxt plugin writes."""

import asyncio
import mmap
from collections.abc import Collection, Iterator
from pathlib import Path

from deepsquare.identifiers import JobId
from deepsquare_supervisor.adapters.slurm.parsing import UnreadableAnswer, parse_completion
from deepsquare_supervisor.domain.batch import Batch
from deepsquare_supervisor.ports.batch_system import AccountingUnavailable


class CompletionLog:
    """`Accounting` by searching the file; a missing file is no answer, not "nothing ended"."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def ended(self, job_ids: Collection[JobId]) -> tuple[Batch, ...]:
        """See `Accounting`."""
        if not job_ids:
            return ()
        return await asyncio.to_thread(self._search, tuple(job_ids))

    def _search(self, job_ids: tuple[JobId, ...]) -> tuple[Batch, ...]:
        try:
            with self._path.open("rb") as file:
                if not self._path.stat().st_size:
                    return ()
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                    return tuple(batch for job_id in job_ids for batch in _of_job(text, job_id))
        except OSError as error:
            message = f"the completion log {self._path} cannot be read: {error}"
            raise AccountingUnavailable(message) from error
        except UnreadableAnswer as error:
            raise AccountingUnavailable(error.message) from error


def _of_job(text: mmap.mmap, job_id: JobId) -> Iterator[Batch]:
    """Yield the ended batches of a name; a line still being written has no end yet."""
    mark = f" Name={job_id} ".encode()
    at = text.find(mark)
    while at >= 0:
        start = text.rfind(b"\n", 0, at) + 1
        end = text.find(b"\n", at)
        if end < 0:
            return
        batch = parse_completion(text[start:end].decode(errors="replace"))
        if batch:
            yield batch
        at = text.find(mark, end)
