"""Opening the stores that the settings ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog
from pydantic import SecretStr

from deepsquare_sbatch_api.adapters.keys import InvalidKeys, Key, parse_keys
from deepsquare_sbatch_api.adapters.limits import LocalLimiter
from deepsquare_sbatch_api.adapters.logs import LocalNews, LogFiles, LogKeys, SharedLogs
from deepsquare_sbatch_api.adapters.sealing import SealedScripts, Sealer
from deepsquare_sbatch_api.adapters.sqlite import Database, SqliteNonces, SqliteScripts
from deepsquare_sbatch_api.ports.limits import RateLimiter
from deepsquare_sbatch_api.ports.logs import LogNews, LogStore
from deepsquare_sbatch_api.ports.nonces import NonceStore
from deepsquare_sbatch_api.ports.scripts import ScriptStore
from deepsquare_sbatch_api.settings import InvalidSettings, Settings

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
    """Open the stores, sealed when there are storage keys, and close them at the end.

    Raises `InvalidSettings` for keys and for an address of Redis that cannot be used.
    """
    keys = _storage_keys(settings)
    opening = _open_redis_stores if settings.store == "redis" else _open_sqlite_stores
    async with opening(settings, _log_store(settings, keys)) as stores:
        yield replace(stores, scripts=SealedScripts(stores.scripts, Sealer(keys)))


@asynccontextmanager
async def _open_sqlite_stores(settings: Settings, logs: LogStore) -> AsyncIterator[Stores]:
    with Database(settings.data_dir / "sbatch-api.sqlite") as database:
        yield Stores(
            scripts=SqliteScripts(database),
            nonces=SqliteNonces(database),
            logs=logs,
            news=LocalNews(),
            limiter=LocalLimiter(),
        )


@asynccontextmanager
async def _open_redis_stores(settings: Settings, logs: LogStore) -> AsyncIterator[Stores]:
    # Loading Redis' client takes a tenth of the start, and its memory, of those who use SQLite.
    from deepsquare_sbatch_api.adapters import redis  # noqa: PLC0415

    if settings.redis_url is None:
        raise InvalidSettings("SBATCH_API_REDIS_URL: needed for SBATCH_API_STORE=redis")
    url = settings.redis_url.get_secret_value()
    if not redis.is_redis_url(url):
        raise InvalidSettings("SBATCH_API_REDIS_URL: is not like redis://host:6379/0")
    async with redis.open_redis(url) as client, redis.RedisNews(client).running() as news:
        yield Stores(
            scripts=redis.RedisScripts(client),
            nonces=redis.RedisNonces(client),
            logs=logs,
            news=news,
            limiter=redis.RedisLimiter(client),
        )


def _log_store(settings: Settings, keys: tuple[Key, ...]) -> LogStore:
    files = LogFiles(
        settings.data_dir / "logs",
        max_bytes=settings.max_log_mb * _MEGABYTE,
        keys=LogKeys(keys),
    )
    return SharedLogs(files)


def _storage_keys(settings: Settings) -> tuple[Key, ...]:
    if settings.storage_keys is None:
        _log.warning("scripts_not_encrypted", mend="set SBATCH_API_STORAGE_KEYS_FILE")
        return ()
    return keys_of("SBATCH_API_STORAGE_KEYS", settings.storage_keys)


def keys_of(variable: str, secret: SecretStr) -> tuple[Key, ...]:
    """Read the keys of a setting; raises `InvalidSettings` that names it and does not show them."""
    try:
        return parse_keys(secret.get_secret_value())
    except InvalidKeys as error:
        raise InvalidSettings(f"{variable}: {error.message}") from error
