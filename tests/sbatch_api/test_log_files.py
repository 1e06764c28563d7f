"""The log store, real files in a scratch directory."""

import asyncio
import base64
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sbatch_api.doubles import BOB, JOB, PROVIDER

from deepsquare_sbatch_api.adapters.keys import parse_keys
from deepsquare_sbatch_api.adapters.logs import LogFiles, LogKeys
from deepsquare_sbatch_api.adapters.sealing import Unsealable
from deepsquare_sbatch_api.domain.errors import LogEnded, LogOffsetConflict, StoreUnavailable
from deepsquare_sbatch_api.domain.log_window import LogState
from deepsquare_sbatch_api.ports.logs import LogId

LOG = LogId(JOB, PROVIDER)


def some_keys(*letters: bytes) -> LogKeys:
    return LogKeys(parse_keys("\n".join(base64.b64encode(x * 32).decode() for x in letters)))


@pytest.fixture(params=["plain", "encrypted"])
def logs(request: pytest.FixtureRequest, tmp_path: Path) -> LogFiles:
    keys = some_keys(b"k") if request.param == "encrypted" else None
    return LogFiles(tmp_path, max_bytes=3200, keys=keys)


async def whole(logs: LogFiles, log: LogId = LOG) -> bytes:
    state = await logs.state(log)
    return await logs.read(log, start=0, end=state.size)


async def test_log__nobody_has_written__is_empty(logs: LogFiles) -> None:
    assert await logs.state(LOG) == LogState()
    assert await logs.read(LOG, start=0, end=10) == b""


async def test_append__at_the_size__appends(logs: LogFiles) -> None:
    await logs.append(LOG, b"one\n", offset=0)
    state = await logs.append(LOG, b"two\n", offset=4)
    assert (state.size, state.is_ended) == (8, False)
    assert await whole(logs) == b"one\ntwo\n"


async def test_append__exact_repeat__changes_nothing(logs: LogFiles) -> None:
    """faults.md A10: no line lost or doubled."""
    await logs.append(LOG, b"one\ntwo\n", offset=0)
    assert (await logs.append(LOG, b"two\n", offset=4)).size == 8
    assert await whole(logs) == b"one\ntwo\n"


async def test_append__repeat_that_goes_on__appends_the_rest(logs: LogFiles) -> None:
    await logs.append(LOG, b"one\nt", offset=0)
    await logs.append(LOG, b"two\n", offset=4)
    assert await whole(logs) == b"one\ntwo\n"


async def test_append__gap__is_refused_with_the_size(logs: LogFiles) -> None:
    await logs.append(LOG, b"one\n", offset=0)
    with pytest.raises(LogOffsetConflict, match="the log has 4 bytes") as refused:
        await logs.append(LOG, b"two\n", offset=5)
    assert refused.value.details == {"size": 4}


async def test_append__other_bytes_below_the_size__is_refused(logs: LogFiles) -> None:
    await logs.append(LOG, b"one\n", offset=0)
    with pytest.raises(LogOffsetConflict):
        await logs.append(LOG, b"ONE\n", offset=0)
    assert await whole(logs) == b"one\n"


async def test_end__then_new_bytes__is_refused_but_repeats_are_not(logs: LogFiles) -> None:
    await logs.append(LOG, b"one\n", offset=0)
    assert (await logs.end(LOG)).is_ended
    assert (await logs.append(LOG, b"one\n", offset=0)).is_ended
    with pytest.raises(LogEnded, match="ended at 4 bytes"):
        await logs.append(LOG, b"two\n", offset=4)


async def test_log__other_provider__is_another_log(logs: LogFiles) -> None:
    await logs.append(LOG, b"first attempt\n", offset=0)
    other = LogId(JOB, BOB)
    await logs.append(other, b"second\n", offset=0)
    assert await whole(logs, other) == b"second\n"
    assert await whole(logs) == b"first attempt\n"


async def test_append__many_times_the_limit__keeps_head_and_tail(logs: LogFiles) -> None:
    data = bytes(range(256)) * 40
    for start in range(0, len(data), 300):
        await logs.append(LOG, data[start : start + 300], offset=start)
    state = await logs.state(LOG)
    assert state.size == len(data)
    assert state.head_end == 1600
    assert 1500 <= state.size - state.tail_start <= 1600
    assert await logs.read(LOG, start=0, end=1600) == data[:1600]
    tail = await logs.read(LOG, start=state.tail_start, end=state.size)
    assert tail == data[state.tail_start :]


async def test_append__far_above_the_limit__disk_use_stays_bounded(
    logs: LogFiles, tmp_path: Path
) -> None:
    """faults.md F9."""
    for start in range(0, 64_000, 1000):
        await logs.append(LOG, bytes(1000), offset=start)
    used = sum(path.stat().st_size for path in tmp_path.rglob("*.log"))
    assert used <= 3200 + 32 * 24


async def test_append__repeat_of_bytes_that_were_cut__is_accepted(logs: LogFiles) -> None:
    for start in range(0, 10_000, 1000):
        await logs.append(LOG, b"x" * 1000, offset=start)
    assert (await logs.append(LOG, b"y" * 100, offset=2000)).size == 10_000


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=20),
    repeats=st.lists(st.integers(0, 19), max_size=10),
)
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
async def test_append__any_chunks_and_repeats__log_is_their_concatenation(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes], repeats: list[int]
) -> None:
    logs = LogFiles(tmp_path_factory.mktemp("log"), max_bytes=3200, keys=some_keys(b"k"))
    starts = [sum(map(len, chunks[:number])) for number in range(len(chunks))]
    for start, chunk in zip(starts, chunks, strict=True):
        await logs.append(LOG, chunk, offset=start)
        for number in repeats:
            if number < len(chunks) and starts[number] <= start:
                await logs.append(LOG, chunks[number], offset=starts[number])
    assert await whole(logs) == b"".join(chunks)


async def test_encrypted_log__on_disk__shows_nothing(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path, max_bytes=3200, keys=some_keys(b"k"))
    await logs.append(LOG, b"a secret" * 10, offset=0)
    [file] = tmp_path.rglob("*.log")
    assert b"secret" not in file.read_bytes()


async def test_encrypted_log__after_a_new_key__is_still_read_and_written(tmp_path: Path) -> None:
    old = LogFiles(tmp_path, max_bytes=320_000, keys=some_keys(b"o"))
    await old.append(LOG, b"before ", offset=0)
    both = LogFiles(tmp_path, max_bytes=320_000, keys=some_keys(b"n", b"o"))
    await both.append(LOG, b"after", offset=7)
    assert await whole(both) == b"before after"


async def test_encrypted_log__key_gone__says_which_file_to_mend(tmp_path: Path) -> None:
    await LogFiles(tmp_path, max_bytes=3200, keys=some_keys(b"o")).append(LOG, b"x", offset=0)
    with pytest.raises(Unsealable, match="add that key to the file"):
        await whole(LogFiles(tmp_path, max_bytes=3200, keys=some_keys(b"n")))


async def test_append__crash_before_the_header_was_written__starts_again(
    logs: LogFiles, tmp_path: Path
) -> None:
    directory = tmp_path / JOB[-2:] / JOB / PROVIDER
    directory.mkdir(parents=True)
    (directory / f"{0:020d}.log").write_bytes(b"torn")
    await logs.append(LOG, b"whole\n", offset=0)
    assert await whole(logs) == b"whole\n"


async def test_delete__job__drops_the_logs_of_all_its_providers(
    logs: LogFiles, tmp_path: Path
) -> None:
    await logs.append(LOG, b"x", offset=0)
    await logs.append(LogId(JOB, BOB), b"x", offset=0)
    await logs.delete(JOB)
    assert await logs.state(LOG) == LogState()
    assert not list(tmp_path.rglob("*.log"))


async def test_idle_since__log_written_before__is_named(logs: LogFiles, tmp_path: Path) -> None:
    await logs.append(LOG, b"x", offset=0)
    for file in tmp_path.rglob("*"):
        os.utime(file, (0, 0))
    assert await logs.idle_since(datetime(1971, 1, 1, tzinfo=UTC)) == [JOB]
    await logs.append(LOG, b"y", offset=1)
    assert await logs.idle_since(datetime.now(UTC) - timedelta(hours=1)) == []


async def test_check__root_is_no_directory__is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StoreUnavailable, match="the log store does not answer"):
        await LogFiles(file / "logs", max_bytes=3200).check()


async def test_files__are_readable_by_their_owner_only(logs: LogFiles, tmp_path: Path) -> None:
    await logs.append(LOG, b"x", offset=0)
    for path in Path(tmp_path).rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


async def test_check__many_at_once__do_not_disturb_each_other(tmp_path: Path) -> None:
    """Replicas share the directory, and in containers often the process id."""
    replicas = [LogFiles(tmp_path, max_bytes=3200) for _ in range(4)]
    await asyncio.gather(*(replica.check() for replica in replicas for _ in range(100)))
    assert not list(tmp_path.iterdir())
