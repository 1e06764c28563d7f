"""Opening the stores that the settings ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from deepsquare_sbatch_api.adapters.keys import Key, parse_keys
from deepsquare_sbatch_api.adapters.limits import LocalLimiter
from deepsquare_sbatch_api.adapters.logs import LocalNews, LogFiles, LogKeys, SharedLogs
from deepsquare_sbatch_api.adapters.sealing import SealedScripts, Sealer
from deepsquare_sbatch_api.adapters.sqlite import Database, SqliteNonces, SqliteScripts
from deepsquare_sbatch_api.ports.limits import RateLimiter
from deepsquare_sbatch_api.ports.logs import LogNews, LogStore
from deepsquare_sbatch_api.ports.nonces import NonceStore
from deepsquare_sbatch_api.ports.scripts import ScriptStore
from deepsquare_sbatch_api.settings import Settings

_log = structlog.get_logger()
_MEGABYTE = 2**20


@dataclass(frozen=True)
class Stores:
    """Everything that is kept or shared between replicas."""

    scripts: ScriptStore
    nonces: NonceStore
    logs: LogStore
    news: LogNews
    limiter: RateLimiter


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[Stores]:
    """Open the stores, sealed when there are storage keys, and close them at the end."""
    keys = _storage_keys(settings)
    logs = LogFiles(
        settings.data_dir / "logs",
        max_bytes=settings.max_log_mb * _MEGABYTE,
        keys=LogKeys(keys),
    )
    with Database(settings.data_dir / "sbatch-api.sqlite") as database:
        scripts: ScriptStore = SqliteScripts(database)
        yield Stores(
            scripts=SealedScripts(scripts, Sealer(keys)) if keys else scripts,
            nonces=SqliteNonces(database),
            logs=SharedLogs(logs),
            news=LocalNews(),
            limiter=LocalLimiter(),
        )


def _storage_keys(settings: Settings) -> tuple[Key, ...]:
    if settings.storage_keys is None:
        _log.warning("scripts_not_encrypted", mend="set SBATCH_API_STORAGE_KEYS_FILE")
        return ()
    return parse_keys(settings.storage_keys.get_secret_value())
