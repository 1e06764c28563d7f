"""Scripts and logs through the SDK's client of the sbatch API."""

from deepsquare.api import (
    LogEnded,
    LogOffsetConflict,
    NotFound,
    SbatchApi,
    SbatchApiBroken,
    TooLarge,
)
from deepsquare.errors import Refused, Unavailable
from deepsquare.identifiers import BatchLocationHash, JobId
from deepsquare_supervisor.ports.sbatch_api import (
    LogOffsetDiffers,
    LogRefused,
    LogsUnavailable,
    ScriptNotFound,
    ScriptsUnavailable,
)


class ApiScripts:
    """A `ScriptSource`. A refused sign-in counts as away: it says nothing about the script."""

    def __init__(self, api: SbatchApi) -> None:
        self._api = api

    async def fetch(self, job_id: JobId, script_hash: BatchLocationHash) -> bytes:
        """See `ScriptSource`."""
        try:
            return await self._api.fetch_script(script_hash, job_id=job_id)
        except NotFound as error:
            raise ScriptNotFound(error.message) from error
        except (Unavailable, Refused, SbatchApiBroken) as error:
            raise ScriptsUnavailable(error.message) from error


class ApiLogs:
    """A `LogSink`."""

    def __init__(self, api: SbatchApi) -> None:
        self._api = api

    async def size(self, job_id: JobId) -> int:
        """See `LogSink`; a log that does not exist yet has no bytes."""
        try:
            return (await self._api.log_size(job_id)).size
        except NotFound:
            return 0
        except (Unavailable, Refused, SbatchApiBroken) as error:
            raise LogsUnavailable(error.message) from error

    async def append(self, job_id: JobId, *, offset: int, data: bytes, is_end: bool) -> None:
        """See `LogSink`."""
        try:
            await self._api.append_log(job_id, offset, data, is_end=is_end)
        except LogOffsetConflict as error:
            raise LogOffsetDiffers(error.message, details={"size": error.size}) from error
        except (LogEnded, TooLarge) as error:
            raise LogRefused(error.message) from error
        except (Unavailable, Refused, SbatchApiBroken) as error:
            raise LogsUnavailable(error.message) from error
