"""`ScriptStore` in Redis; what must happen in one step is a Lua script.

script:<hash>          hash: content, submitter, stored_at, answer
key:<scope>:<key>      hash: digest, script
keys:<hash>            set of the request keys of a script
links:<hash>           hash: job id -> the moment it ended, "" while hot
jobs:<job id>          set of the scripts a job is linked to
hot                    set of the linked jobs that are hot
ages                   sorted set of scripts by the moment they were stored
"""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from deepsquare.identifiers import Address, BatchLocationHash, JobId
from deepsquare_sbatch_api.adapters.redis.connection import (
    PREFIX,
    Redis,
    check_durable,
    mapped,
    untyped,
)
from deepsquare_sbatch_api.domain.errors import RequestKeyReused
from deepsquare_sbatch_api.domain.retention import JobLink, ScriptUse
from deepsquare_sbatch_api.ports.scripts import RequestKey, StoredScript

_SAVE = """
local prefix, hash, key, digest = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if key ~= '' then
  local known = redis.call('HMGET', prefix .. 'key:' .. key, 'digest', 'script')
  if known[1] then
    local answer = redis.call('HGET', prefix .. 'script:' .. known[2], 'answer')
    return {known[1], answer}
  end
  redis.call('HSET', prefix .. 'key:' .. key, 'digest', digest, 'script', hash)
  redis.call('SADD', prefix .. 'keys:' .. hash, key)
end
redis.call('HSET', prefix .. 'script:' .. hash, 'content', ARGV[5], 'submitter', ARGV[6],
  'stored_at', ARGV[7], 'answer', ARGV[8])
redis.call('ZADD', prefix .. 'ages', ARGV[9], hash)
return {digest, ARGV[8]}
"""
_LINK = """
local prefix, hash, job = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', prefix .. 'script:' .. hash) == 0 then return 0 end
if redis.call('HGET', prefix .. 'links:' .. hash, job) ~= '' then
  redis.call('HSET', prefix .. 'links:' .. hash, job, '')
  redis.call('SADD', prefix .. 'jobs:' .. job, hash)
  redis.call('SADD', prefix .. 'hot', job)
end
return 1
"""
_END = """
local prefix, job, at = ARGV[1], ARGV[2], ARGV[3]
for _, hash in ipairs(redis.call('SMEMBERS', prefix .. 'jobs:' .. job)) do
  redis.call('HSET', prefix .. 'links:' .. hash, job, at)
end
redis.call('SREM', prefix .. 'hot', job)
"""
_DROP = """
local prefix, hash = ARGV[1], ARGV[2]
local links = redis.call('HGETALL', prefix .. 'links:' .. hash)
if redis.call('EXISTS', prefix .. 'script:' .. hash) == 0 or #links ~= #ARGV - 2 then return 0 end
local expected = {}
for i = 3, #ARGV, 2 do expected[ARGV[i]] = ARGV[i + 1] end
for i = 1, #links, 2 do
  if expected[links[i]] ~= links[i + 1] then return 0 end
end
for i = 1, #links, 2 do
  local jobs = prefix .. 'jobs:' .. links[i]
  redis.call('SREM', jobs, hash)
  if redis.call('EXISTS', jobs) == 0 then redis.call('SREM', prefix .. 'hot', links[i]) end
end
for _, key in ipairs(redis.call('SMEMBERS', prefix .. 'keys:' .. hash)) do
  redis.call('DEL', prefix .. 'key:' .. key)
end
redis.call('DEL', prefix .. 'script:' .. hash, prefix .. 'links:' .. hash,
  prefix .. 'keys:' .. hash)
redis.call('ZREM', prefix .. 'ages', hash)
return 1
"""


class RedisScripts:
    """Scripts, request keys and links; Redis must be one node, not a cluster."""

    def __init__(self, client: Redis) -> None:
        self._client = untyped(client)
        self._save = client.register_script(_SAVE)
        self._link = client.register_script(_LINK)
        self._end = client.register_script(_END)
        self._drop = client.register_script(_DROP)

    async def save(self, script: StoredScript, *, request_key: RequestKey | None) -> bytes:
        """See `ScriptStore.save`."""
        digest = request_key.body_digest if request_key else ""
        arguments: list[str | bytes | float] = [
            PREFIX,
            script.hash,
            _key_name(request_key) if request_key else "",
            digest,
            script.content,
            script.submitter or "",
            script.stored_at.isoformat(),
            script.answer,
            script.stored_at.timestamp(),
        ]
        with mapped():
            known_digest, answer = await self._save(args=arguments)
        if known_digest.decode() != digest:
            raise RequestKeyReused
        return bytes(answer)

    async def answer_to(self, request_key: RequestKey) -> bytes | None:
        """See `ScriptStore.answer_to`."""
        name = f"{PREFIX}key:{_key_name(request_key)}"
        with mapped():
            digest, script_hash = await self._client.hmget(name, ["digest", "script"])
            if digest is None:
                return None
            answer = await self._client.hget(f"{PREFIX}script:{script_hash.decode()}", "answer")
        if digest.decode() != request_key.body_digest:
            raise RequestKeyReused
        return cast("bytes | None", answer)

    async def find(self, script_hash: BatchLocationHash) -> StoredScript | None:
        """See `ScriptStore.find`."""
        with mapped():
            found = await self._client.hgetall(f"{PREFIX}script:{script_hash}")
        if not found:
            return None
        submitter = found[b"submitter"].decode()
        return StoredScript(
            hash=script_hash,
            content=found[b"content"],
            submitter=Address(submitter) if submitter else None,
            stored_at=datetime.fromisoformat(found[b"stored_at"].decode()),
            answer=found[b"answer"],
        )

    async def link(self, script_hash: BatchLocationHash, job_id: JobId) -> None:
        """See `ScriptStore.link`."""
        with mapped():
            await self._link(args=[PREFIX, script_hash, job_id])

    async def end(self, job_id: JobId, at: datetime) -> None:
        """See `ScriptStore.end`."""
        with mapped():
            await self._end(args=[PREFIX, job_id, at.isoformat()])

    async def hot_jobs(self) -> Sequence[JobId]:
        """See `ScriptStore.hot_jobs`."""
        with mapped():
            found = await self._client.smembers(f"{PREFIX}hot")
        return [JobId(name.decode()) for name in found]

    async def use_of(self, script_hash: BatchLocationHash) -> ScriptUse | None:
        """See `ScriptStore.use_of`."""
        with mapped():
            stored_at = await self._client.hget(f"{PREFIX}script:{script_hash}", "stored_at")
            links = await self._client.hgetall(f"{PREFIX}links:{script_hash}")
        if stored_at is None:
            return None
        known = tuple(_link(job_id, ended_at) for job_id, ended_at in sorted(links.items()))
        return ScriptUse(script_hash, datetime.fromisoformat(stored_at.decode()), known)

    async def uses(self, *, stored_by: datetime) -> Sequence[ScriptUse]:
        """See `ScriptStore.uses`."""
        moment = stored_by.timestamp()
        with mapped():
            names = await self._client.zrangebyscore(f"{PREFIX}ages", "-inf", moment)
        uses = [await self.use_of(BatchLocationHash(name.decode())) for name in names]
        return [use for use in uses if use is not None]

    async def drop(self, use: ScriptUse) -> bool:
        """See `ScriptStore.drop`."""
        links = [part for link in use.links for part in (link.job_id, _moment(link.ended_at))]
        with mapped():
            return bool(await self._drop(args=[PREFIX, use.hash, *links]))

    async def check(self) -> None:
        """See `ScriptStore.check`."""
        await check_durable(self._client)


def _key_name(request_key: RequestKey) -> str:
    return f"{request_key.scope}:{request_key.key}"


def _link(job_id: bytes, ended_at: bytes) -> JobLink:
    moment = datetime.fromisoformat(ended_at.decode()) if ended_at else None
    return JobLink(JobId(job_id.decode()), moment)


def _moment(ended_at: datetime | None) -> str:
    return ended_at.isoformat() if ended_at else ""
