"""The sbatch API as the supervisor needs it: scripts to run, a place for logs."""

from typing import Protocol

from deepsquare.errors import Refused, Unavailable
from deepsquare.identifiers import BatchLocationHash, JobId


class ScriptNotFound(Refused):
    """The API has no such script for this provider and job."""

    code = "script_not_found"


class ScriptsUnavailable(Unavailable):
    """The API cannot be asked for scripts now."""

    code = "scripts_unavailable"


class LogsUnavailable(Unavailable):
    """The API takes no logs now."""

    code = "logs_unavailable"


class LogOffsetDiffers(Refused):
    """The API holds another number of bytes; ``details["size"]`` says how many."""

    code = "log_offset_differs"


class LogRefused(Refused):
    """The API will not take this log, now or later."""

    code = "log_refused"


class ScriptSource(Protocol):
    """Where scripts come from; what it returns is not to be trusted before the hash is checked."""

    async def fetch(self, job_id: JobId, script_hash: BatchLocationHash) -> bytes:
        """Return the script; raises `ScriptNotFound` or `ScriptsUnavailable`."""
        ...


class LogSink(Protocol):
    """Where output goes. Raises `LogsUnavailable`, `LogOffsetDiffers` or `LogRefused`."""

    async def size(self, job_id: JobId) -> int:
        """Return how many bytes of the job's log are held."""
        ...

    async def append(self, job_id: JobId, *, offset: int, data: bytes, is_end: bool) -> None:
        """Append bytes at an offset; the same bytes again are accepted as a repeat."""
        ...
