"""`LogStore` in files, one directory for each job; several replicas may share it.

    <root>/<last two digits of the job id>/<job id>/<provider>/<offset>.log, end, lock

Writers of one log take turns by a file lock. The state of a log is read from its directory, so
nothing has to be kept in step with it.
"""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

from deepsquare.identifiers import JobId
from deepsquare_sbatch_api.adapters.logs.segments import (
    LogKeys,
    Segment,
    list_segments,
    segment_at,
)
from deepsquare_sbatch_api.domain.errors import LogEnded, LogOffsetConflict, StoreUnavailable
from deepsquare_sbatch_api.domain.log_window import LogState
from deepsquare_sbatch_api.ports.logs import LogId

T = TypeVar("T")

_SEGMENTS = 32
"""Segments of a log at its limit; one is dropped at a time."""

_END, _LOCK = "end", "lock"


class LogFiles:
    """Keeps at most `max_bytes` of each log: half from its start, half from its end."""

    def __init__(self, root: Path, *, max_bytes: int, keys: LogKeys | None = None) -> None:
        self._root = root
        self._keys = keys or LogKeys()
        self._segment_bytes = max(1, max_bytes // _SEGMENTS)

    async def state(self, log: LogId) -> LogState:
        """See `LogStore.state`."""
        return await _off_loop(lambda: _state(self._directory(log)))

    async def append(self, log: LogId, data: bytes, *, offset: int) -> LogState:
        """See `LogStore.append`."""
        return await _off_loop(lambda: self._append(log, data, offset))

    async def end(self, log: LogId) -> LogState:
        """See `LogStore.end`; what was appended is on disk when it returns."""
        return await _off_loop(lambda: self._end(log))

    async def read(self, log: LogId, *, start: int, end: int) -> bytes:
        """See `LogStore.read`."""
        return await _off_loop(lambda: self._read(self._directory(log), start, end))

    async def delete(self, job_id: JobId) -> None:
        """See `LogStore.delete`."""
        await _off_loop(lambda: shutil.rmtree(self._job_directory(job_id), ignore_errors=True))

    async def idle_since(self, moment: datetime) -> Sequence[JobId]:
        """See `LogStore.idle_since`."""
        return await _off_loop(lambda: list(self._idle(moment.timestamp())))

    async def check(self) -> None:
        """See `LogStore.check`."""
        await _off_loop(self._probe)

    def _append(self, log: LogId, data: bytes, offset: int) -> LogState:
        directory = self._directory(log)
        with _locked(directory):
            state = _state(directory)
            rest = self._unwritten(directory, state, data=data, offset=offset)
            if rest and state.is_ended:
                raise LogEnded(state.size)
            self._write(directory, rest)
            return _state(directory)

    def _unwritten(self, directory: Path, state: LogState, *, data: bytes, offset: int) -> bytes:
        """Return what the log does not hold yet; what was cut meanwhile is taken as equal."""
        if offset > state.size:
            raise LogOffsetConflict(state.size)
        known = data[: state.size - offset]
        position = offset
        while position < offset + len(known):
            start, stop = state.kept_from(position)
            stop = min(stop, offset + len(known))
            held = self._read(directory, start, stop)
            if held != known[start - offset : stop - offset]:
                raise LogOffsetConflict(state.size)
            position = max(stop, position + 1)
        return data[len(known) :]

    def _write(self, directory: Path, data: bytes) -> None:
        while data:
            segments = list_segments(directory)
            last = self._open_segment(directory, segments)
            room = self._segment_bytes - last.size
            last.append(data[:room], self._keys)
            data = data[room:]

    def _open_segment(self, directory: Path, segments: list[Segment]) -> Segment:
        """Return the segment to write to; at the limit the oldest one behind the head goes."""
        if segments and segments[-1].size < self._segment_bytes:
            return segments[-1]
        if len(segments) >= _SEGMENTS:
            segments[_SEGMENTS // 2].path.unlink()
        return segment_at(directory, segments[-1].end if segments else 0)

    def _end(self, log: LogId) -> LogState:
        directory = self._directory(log)
        with _locked(directory):
            for segment in list_segments(directory):
                segment.flush()
            (directory / _END).touch(mode=0o600)
            return _state(directory)

    def _read(self, directory: Path, start: int, end: int) -> bytes:
        pieces = []
        for segment in list_segments(directory):
            if segment.end <= start or segment.start >= end:
                continue
            if segment.start > start:
                break
            pieces.append(segment.read(start, end, self._keys))
            start = segment.end
        return b"".join(pieces)

    def _idle(self, moment: float) -> Iterator[JobId]:
        for directory in self._root.glob("*/0x*"):
            times = [path.stat().st_mtime for path in directory.glob("*/*")]
            if max(times, default=0.0) < moment:
                yield JobId(directory.name)

    def _probe(self) -> None:
        _make(self._root)
        with TemporaryFile(dir=self._root) as probe:
            probe.write(b"\n")

    def _job_directory(self, job_id: JobId) -> Path:
        return self._root / job_id[-2:] / job_id

    def _directory(self, log: LogId) -> Path:
        return self._job_directory(log.job_id) / log.provider


def _state(directory: Path) -> LogState:
    segments = list_segments(directory)
    size = segments[-1].end if segments else 0
    head_end = 0
    for segment in segments:
        if segment.start != head_end:
            break
        head_end = segment.end
    tail = [segment.start for segment in segments if segment.start > head_end]
    return LogState(size, head_end, min(tail, default=size), (directory / _END).exists())


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Make the directory and hold its lock."""
    _make(directory)
    descriptor = os.open(directory / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make(directory: Path) -> None:
    """Make a directory and its parents, for their owner only."""
    if not directory.is_dir():
        _make(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)


async def _off_loop(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise StoreUnavailable(f"the log store does not answer: {error.strerror}") from error
