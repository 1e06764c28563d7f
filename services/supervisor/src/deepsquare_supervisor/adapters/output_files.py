"""Output files of batches, read with care: their directory belongs to the customer."""

import os
import stat

from deepsquare.identifiers import JobId
from deepsquare_supervisor.adapters.slurm.commands import log_path
from deepsquare_supervisor.domain.batch import SlurmId
from deepsquare_supervisor.ports.accounts import Account

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LocalOutputFiles:
    """`OutputFiles` on a file system this process can read.

    A customer could put a link, a pipe or somebody else's file where the output is expected, to
    have it read with the supervisor's rights: only a plain file of their own is read.
    """

    def read(
        self, account: Account, job_id: JobId, batch_id: SlurmId, *, offset: int, limit: int
    ) -> bytes | None:
        """See `OutputFiles`."""
        try:
            descriptor = os.open(log_path(account.logs, job_id, batch_id), _FLAGS)
        except OSError:
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != account.uid:
                return None
            return os.pread(descriptor, limit, offset)
        finally:
            os.close(descriptor)
