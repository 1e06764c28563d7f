"""One contract for every store: the in-memory doubles, SQLite and Redis, plain and sealed."""

import asyncio
import base64
import resource
import socket
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.sbatch_api.doubles import HASH, JOB, NOON, MemoryNonces, MemoryScripts, a_script
from tests.support.redis import PrivateRedis

from deepsquare.identifiers import BatchLocationHash, JobId
from deepsquare_sbatch_api.adapters.keys import InvalidKeys, Key, parse_keys
from deepsquare_sbatch_api.adapters.redis import (
    RedisLimiter,
    RedisNonces,
    RedisScripts,
    connection,
    open_redis,
)
from deepsquare_sbatch_api.adapters.sealing import SealedScripts, Sealer, Unsealable
from deepsquare_sbatch_api.adapters.sqlite import Database, SqliteNonces, SqliteScripts
from deepsquare_sbatch_api.domain.errors import RequestKeyReused, StoreUnavailable
from deepsquare_sbatch_api.domain.retention import JobLink, ScriptUse
from deepsquare_sbatch_api.ports.limits import Allowance
from deepsquare_sbatch_api.ports.nonces import NonceStore
from deepsquare_sbatch_api.ports.scripts import RequestKey, ScriptStore

OTHER_JOB = JobId("0x" + "1" * 64)
KEY = RequestKey("alice", "k1", "digest")
MOMENT = timedelta(microseconds=1)


def keys(*letters: bytes) -> tuple[Key, ...]:
    return parse_keys("\n".join(base64.b64encode(x * 32).decode() for x in letters))


@dataclass(frozen=True)
class Stores:
    scripts: ScriptStore
    nonces: NonceStore


class StoreContract:
    """What every implementation promises."""

    async def test_save__then_find__is_the_same(self, stores: Stores) -> None:
        script = a_script(content=bytes(range(256)) * 1000, submitter=None)
        await stores.scripts.save(script, request_key=None)
        found = await stores.scripts.find(script.hash)
        assert found is not None
        assert replace(found, answer=script.answer) == script

    async def test_find__unknown__is_none(self, stores: Stores) -> None:
        assert await stores.scripts.find(HASH) is None
        assert await stores.scripts.use_of(HASH) is None

    async def test_save__new_key__is_answered_later(self, stores: Stores) -> None:
        script = a_script()
        assert await stores.scripts.save(script, request_key=KEY) == script.answer
        assert await stores.scripts.answer_to(KEY) == script.answer
        assert await stores.scripts.answer_to(replace(KEY, key="other")) is None
        assert await stores.scripts.answer_to(replace(KEY, scope="bob")) is None

    async def test_save__known_key_same_body__keeps_the_first(self, stores: Stores) -> None:
        first, second = a_script("1", answer=b"first"), a_script("2", answer=b"second")
        await stores.scripts.save(first, request_key=KEY)
        assert await stores.scripts.save(second, request_key=KEY) == b"first"
        assert await stores.scripts.find(second.hash) is None

    async def test_save__known_key_other_body__is_refused(self, stores: Stores) -> None:
        await stores.scripts.save(a_script("1"), request_key=KEY)
        other = replace(KEY, body_digest="other")
        with pytest.raises(RequestKeyReused, match="make a new key"):
            await stores.scripts.save(a_script("2"), request_key=other)
        with pytest.raises(RequestKeyReused):
            await stores.scripts.answer_to(other)
        assert await stores.scripts.find(a_script("2").hash) is None

    async def test_save__one_key_many_times_at_once__keeps_one(self, stores: Stores) -> None:
        scripts = [a_script(f"{number:031d}", answer=b"%d" % number) for number in range(50)]
        saves = [stores.scripts.save(script, request_key=KEY) for script in scripts]
        answers = set(await asyncio.gather(*saves))
        kept = [script for script in scripts if await stores.scripts.find(script.hash)]
        assert len(answers) == len(kept) == 1
        assert answers == {kept[0].answer}

    async def test_link__unknown_script__is_nothing(self, stores: Stores) -> None:
        await stores.scripts.link(HASH, JOB)
        assert await stores.scripts.hot_jobs() == []

    async def test_link__twice_then_end__is_one_ended_link(self, stores: Stores) -> None:
        await stores.scripts.save(a_script(), request_key=None)
        await stores.scripts.link(HASH, JOB)
        await stores.scripts.link(HASH, JOB)
        assert await stores.scripts.hot_jobs() == [JOB]
        await stores.scripts.end(JOB, NOON)
        assert await stores.scripts.hot_jobs() == []
        use = await stores.scripts.use_of(HASH)
        assert use == ScriptUse(HASH, NOON, (JobLink(JOB, NOON),))
        assert not use.is_hot

    async def test_link__job_whose_end_was_undone__is_hot_again(self, stores: Stores) -> None:
        """faults.md C10: a reorg removes the final report."""
        await stores.scripts.save(a_script(), request_key=None)
        await stores.scripts.link(HASH, JOB)
        await stores.scripts.end(JOB, NOON)
        await stores.scripts.link(HASH, JOB)
        assert await stores.scripts.hot_jobs() == [JOB]
        await stores.scripts.end(JOB, NOON + MOMENT)
        assert await stores.scripts.use_of(HASH) == ScriptUse(
            HASH, NOON, (JobLink(JOB, NOON + MOMENT),)
        )

    async def test_end__job_of_two_scripts__ends_both(self, stores: Stores) -> None:
        for name in "12":
            await stores.scripts.save(a_script(name), request_key=None)
            await stores.scripts.link(a_script(name).hash, JOB)
        await stores.scripts.end(JOB, NOON)
        uses = [await stores.scripts.use_of(a_script(name).hash) for name in "12"]
        assert [use.is_hot for use in uses if use] == [False, False]

    async def test_uses__stored_by__gives_only_older_ones(self, stores: Stores) -> None:
        for name, age in (("1", 2), ("2", 1), ("3", 0)):
            stored_at = NOON - timedelta(hours=age)
            await stores.scripts.save(a_script(name, stored_at=stored_at), request_key=None)
        await stores.scripts.link(a_script("1").hash, JOB)
        uses = await stores.scripts.uses(stored_by=NOON - timedelta(hours=1))
        assert sorted(use.hash[0] for use in uses) == ["1", "2"]
        assert [use.is_hot for use in sorted(uses, key=lambda use: use.hash)] == [True, False]
        assert not await stores.scripts.uses(stored_by=NOON - timedelta(hours=2) - MOMENT)

    async def test_drop__unchanged__is_gone_with_its_keys_and_links(self, stores: Stores) -> None:
        await stores.scripts.save(a_script(), request_key=KEY)
        await stores.scripts.link(HASH, JOB)
        await stores.scripts.link(HASH, OTHER_JOB)
        use = await stores.scripts.use_of(HASH)
        assert use
        assert await stores.scripts.drop(use)
        assert await stores.scripts.find(HASH) is None
        assert await stores.scripts.answer_to(KEY) is None
        assert await stores.scripts.hot_jobs() == []
        assert not await stores.scripts.drop(use)

    async def test_drop__linked_meanwhile__stays(self, stores: Stores) -> None:
        await stores.scripts.save(a_script(), request_key=None)
        before = await stores.scripts.use_of(HASH)
        await stores.scripts.link(HASH, JOB)
        linked = await stores.scripts.use_of(HASH)
        await stores.scripts.end(JOB, NOON)
        assert before
        assert linked
        assert not await stores.scripts.drop(before)
        assert not await stores.scripts.drop(linked)
        assert await stores.scripts.find(HASH) is not None

    async def test_check__all_well__passes(self, stores: Stores) -> None:
        await stores.scripts.check()

    async def test_nonce__hundred_uses_at_once__succeeds_once(self, stores: Stores) -> None:
        """faults.md G12."""
        await stores.nonces.issue("n1", expires_at=NOON + timedelta(minutes=5))
        uses = [stores.nonces.consume("n1", now=NOON) for _ in range(100)]
        assert sum(await asyncio.gather(*uses)) == 1

    async def test_nonce__expired_or_unknown__is_refused(self, stores: Stores) -> None:
        await stores.nonces.issue("n1", expires_at=NOON)
        assert not await stores.nonces.consume("n1", now=NOON)
        assert not await stores.nonces.consume("n2", now=NOON)


class TestMemoryStores(StoreContract):
    @pytest.fixture
    def stores(self) -> Stores:
        return Stores(MemoryScripts(), MemoryNonces())


@pytest.mark.integration
class TestSqliteStores(StoreContract):
    @pytest.fixture
    async def stores(self, tmp_path: Path) -> AsyncIterator[Stores]:
        with Database(tmp_path / "db") as database:
            yield Stores(SqliteScripts(database), SqliteNonces(database))


@pytest.mark.integration
class TestRedisStores(StoreContract):
    @pytest.fixture
    async def stores(self, redis_server: PrivateRedis) -> AsyncIterator[Stores]:
        async with open_redis(redis_server.url) as client:
            yield Stores(RedisScripts(client), RedisNonces(client))


class TestSealedStores(StoreContract):
    @pytest.fixture
    def stores(self) -> Stores:
        return Stores(SealedScripts(MemoryScripts(), Sealer(keys(b"k"))), MemoryNonces())


@pytest.mark.integration
async def test_sqlite__opened_again__still_has_everything(tmp_path: Path) -> None:
    with Database(tmp_path / "db") as database:
        await SqliteScripts(database).save(a_script(), request_key=KEY)
        await SqliteScripts(database).link(HASH, JOB)
    with Database(tmp_path / "db") as database:
        assert await SqliteScripts(database).find(HASH) == a_script()
        assert await SqliteScripts(database).hot_jobs() == [JOB]


@pytest.mark.integration
async def test_sqlite__closed__is_unavailable(tmp_path: Path) -> None:
    database = Database(tmp_path / "db")
    database.close()
    with pytest.raises(StoreUnavailable, match="the database is closed"):
        await SqliteScripts(database).find(HASH)


@pytest.mark.integration
async def test_sqlite__work_that_breaks__fails_alone(tmp_path: Path) -> None:
    def work(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM scripts")
        db.execute("SELECT ?", ("\ud800",))

    with Database(tmp_path / "x.sqlite") as database:
        scripts = SqliteScripts(database)
        await scripts.save(a_script(), request_key=None)
        async with asyncio.timeout(5):
            with pytest.raises(UnicodeEncodeError):
                await database.run(work)
            assert await scripts.find(HASH) == a_script()


@pytest.mark.integration
async def test_sqlite__disk_full__is_unavailable_and_goes_on(tmp_path: Path) -> None:
    """faults.md A20, for this service's store."""
    with Database(tmp_path / "db") as database:
        scripts = SqliteScripts(database)
        await scripts.save(a_script("1"), request_key=None)
        await database.run(lambda db: db.execute("PRAGMA max_page_count = 20"))
        with pytest.raises(StoreUnavailable, match="database or disk is full"):
            await scripts.save(a_script("2", content=bytes(10**6)), request_key=None)
        assert await scripts.find(a_script("1").hash) is not None
        assert await scripts.find(a_script("2").hash) is None


@pytest.mark.integration
async def test_sqlite__nothing_can_be_written__is_not_ready(tmp_path: Path) -> None:
    """faults.md A20: the disk takes no byte more, which a look at the file does not show."""
    with Database(tmp_path / "db") as database:
        scripts = SqliteScripts(database)
        await scripts.check()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            with pytest.raises(StoreUnavailable, match="the database does not answer"):
                await scripts.check()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        await scripts.check()


@pytest.mark.integration
async def test_sqlite__file_deleted_while_open__is_not_ready(tmp_path: Path) -> None:
    path, aside = tmp_path / "db", tmp_path / "aside"
    with Database(path) as database:
        path.rename(aside)
        with pytest.raises(StoreUnavailable, match="was deleted or replaced"):
            await SqliteScripts(database).check()
        path.touch()
        with pytest.raises(StoreUnavailable, match="was deleted or replaced"):
            await SqliteScripts(database).check()
        aside.replace(path)
        await SqliteScripts(database).check()


@pytest.mark.integration
async def test_sqlite__file__is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with Database(tmp_path / "data" / "db") as database:
        await SqliteScripts(database).save(a_script(), request_key=None)
        modes = {path.name: path.stat().st_mode & 0o77 for path in (tmp_path / "data").iterdir()}
    assert set(modes.values()) == {0}


@pytest.mark.integration
async def test_redis__killed_and_started_again__has_lost_nothing(
    redis_server: PrivateRedis,
) -> None:
    """faults.md D4."""
    async with open_redis(redis_server.url) as client:
        scripts = RedisScripts(client)
        await scripts.save(a_script(), request_key=KEY)
        await scripts.link(HASH, JOB)
        await redis_server.restart()
        assert await scripts.find(HASH) == a_script()
        assert await scripts.hot_jobs() == [JOB]


@pytest.mark.integration
async def test_redis__away__is_unavailable_and_does_not_tell_where(
    redis_server: PrivateRedis,
) -> None:
    redis_server.kill()
    async with open_redis(redis_server.url) as client:
        with pytest.raises(StoreUnavailable) as refused:
            await RedisScripts(client).find(HASH)
        assert str(redis_server.port) not in refused.value.message


@pytest.mark.integration
async def test_redis__hangs__is_unavailable_after_one_time_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with open_redis(f"redis://127.0.0.1:{silent.getsockname()[1]}/0") as client:
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                await RedisScripts(client).find(HASH)
    assert time.monotonic() - began < 1


@pytest.mark.integration
@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("appendonly", "no", "set appendonly yes"),
        ("maxmemory-policy", "allkeys-lru", "set maxmemory-policy noeviction"),
    ],
)
async def test_redis__may_forget__is_not_ready(
    redis_server: PrivateRedis, option: str, value: str, complaint: str
) -> None:
    async with open_redis(redis_server.url) as client:
        await client.config_set(option, value)
        with pytest.raises(StoreUnavailable, match=complaint):
            await RedisScripts(client).check()


@pytest.mark.integration
async def test_redis__full__still_gives_scripts_out(redis_server: PrivateRedis) -> None:
    async with open_redis(redis_server.url) as client:
        scripts, limiter = RedisScripts(client), RedisLimiter(client)
        await scripts.save(a_script(), request_key=None)
        await scripts.link(HASH, JOB)
        await client.config_set("maxmemory", "1")
        assert await limiter.take("provider", Allowance(1, timedelta(minutes=1))) == timedelta()
        await scripts.link(HASH, JOB)
        assert await scripts.find(HASH) == a_script()
        with pytest.raises(StoreUnavailable):
            await scripts.save(a_script("2"), request_key=None)


@pytest.mark.integration
async def test_redis_limiter__two_replicas__count_together(redis_server: PrivateRedis) -> None:
    allowance = Allowance(3, timedelta(minutes=1))
    async with open_redis(redis_server.url) as one, open_redis(redis_server.url) as other:
        limiters = [RedisLimiter(one), RedisLimiter(other)] * 2
        waits = [await limiter.take("alice", allowance) for limiter in limiters]
        assert [wait > timedelta() for wait in waits] == [False, False, False, True]
        assert timedelta(seconds=18) < waits[3] <= timedelta(seconds=20)
        assert await limiters[0].take("bob", allowance) == timedelta()


async def test_sealed__inside__shows_neither_script_nor_answer() -> None:
    """workflow.md W-REN-11."""
    inside = MemoryScripts()
    script = a_script(content=b"a secret", answer=b"another secret")
    await SealedScripts(inside, Sealer(keys(b"k"))).save(script, request_key=KEY)
    [kept] = inside.scripts.values()
    assert b"secret" not in kept.content + kept.answer


async def test_sealed__after_a_new_key__opens_what_the_old_one_sealed() -> None:
    inside = MemoryScripts()
    await SealedScripts(inside, Sealer(keys(b"o"))).save(a_script(), request_key=None)
    rotated = SealedScripts(inside, Sealer(keys(b"n", b"o")))
    found = await rotated.find(HASH)
    assert found
    assert found.content == a_script().content
    with pytest.raises(Unsealable, match="add that key to the file"):
        await SealedScripts(inside, Sealer(keys(b"n"))).find(HASH)


async def test_sealed__kept_before_there_were_keys__is_still_read() -> None:
    inside = MemoryScripts()
    await SealedScripts(inside, Sealer()).save(a_script(), request_key=KEY)
    assert inside.scripts[HASH] == a_script()
    sealed = SealedScripts(inside, Sealer(keys(b"k")))
    assert await sealed.find(HASH) == a_script()
    assert await sealed.answer_to(KEY) == a_script().answer


async def test_sealed__keys_taken_away__is_told_and_never_given_out() -> None:
    inside = MemoryScripts()
    await SealedScripts(inside, Sealer(keys(b"k"))).save(a_script(), request_key=KEY)
    bare = SealedScripts(inside, Sealer())
    with pytest.raises(Unsealable, match="add that key to the file"):
        await bare.find(HASH)
    with pytest.raises(Unsealable):
        await bare.answer_to(KEY)


async def test_sealed__script_put_in_the_place_of_another__is_noticed() -> None:
    inside = MemoryScripts()
    store = SealedScripts(inside, Sealer(keys(b"k")))
    await store.save(a_script("1"), request_key=None)
    moved = replace(inside.scripts[a_script("1").hash], hash=BatchLocationHash("2" * 31))
    await inside.save(moved, request_key=None)
    with pytest.raises(Unsealable, match="was altered"):
        await store.find(moved.hash)


@pytest.mark.parametrize("text", ["", "\n", "short", "a" * 43 + "!", "YWJj"])
def test_keys__malformed__are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(InvalidKeys) as refused:
        parse_keys(text)
    assert "openssl rand -base64 32" in refused.value.message
    assert not text.strip() or text.strip() not in refused.value.message
