"""`/v1/jobs/{id}/logs`: the output of jobs."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from deepsquare.identifiers import parse_job_id
from deepsquare_sbatch_api.app.logs import Piece
from deepsquare_sbatch_api.domain.access import JobFacts
from deepsquare_sbatch_api.domain.errors import TooBusy
from deepsquare_sbatch_api.domain.log_window import LogState
from deepsquare_sbatch_api.entrypoints.http.bodies import LOG_BYTES
from deepsquare_sbatch_api.entrypoints.http.events import as_events
from deepsquare_sbatch_api.entrypoints.http.gates import LOG_READER, LOG_WRITER, Caller
from deepsquare_sbatch_api.entrypoints.http.metrics import Metrics, metrics_of
from deepsquare_sbatch_api.entrypoints.http.openapi import LOG_BODY, errors
from deepsquare_sbatch_api.entrypoints.http.places import Places
from deepsquare_sbatch_api.entrypoints.http.ranges import (
    ByteRange,
    RangeNotSatisfiable,
    parse_range,
)
from deepsquare_sbatch_api.entrypoints.http.services import Services, services_of

router = APIRouter(prefix="/v1/jobs/{job_id}/logs", tags=["logs"])

MAX_OFFSET = 2**53 - 1
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Where the bytes belong")]
Reader = Annotated[Caller, Depends(LOG_READER)]
_EVENTS = "text/event-stream"


@router.post("", openapi_extra=LOG_BODY, responses=errors(409, 413))
async def append(
    request: Request,
    caller: Annotated[Caller, Depends(LOG_WRITER)],
    data: Annotated[bytes, Depends(LOG_BYTES)],
    job_id: str,
    offset: Offset,
    end: Annotated[bool, Query(description="Nothing will follow these bytes")] = False,
) -> dict[str, Any]:
    """Append to the log of a job that the caller runs; an exact repeat is accepted."""
    state = await services_of(request).logs.append(
        parse_job_id(job_id), data, offset=offset, is_end=end, caller=caller.signed_in
    )
    metrics_of(request).log_bytes.inc(len(data))
    return _size(state)


@router.get("/size")
async def size(request: Request, caller: Reader, job_id: str) -> dict[str, Any]:
    """Tell how long a log is, and whether it is complete."""
    logs = services_of(request).logs
    job = await logs.job(parse_job_id(job_id), caller=caller.signed_in)
    return _size(await logs.state(job))


@router.get(
    "",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {}, _EVENTS: {}}},
        206: {"description": "a part", "content": {"text/plain": {}}},
        **errors(416),
    },
)
async def read(
    request: Request,
    caller: Reader,
    job_id: str,
    *,
    tail: Annotated[int | None, Query(ge=0, le=100_000, description="Last lines only")] = None,
    last_event_id: Annotated[
        int, Header(ge=0, le=MAX_OFFSET, description="Where to follow from")
    ] = 0,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Return a log, or follow it when events are asked for."""
    services = services_of(request)
    job = await services.logs.job(parse_job_id(job_id), caller=caller.signed_in)
    if _EVENTS in accept.lower():
        return _follow(services, job, start=last_event_id, metrics=metrics_of(request))
    state = await services.logs.state(job)
    if tail is not None:
        start = await services.logs.tail_start(job, state=state, lines=tail)
        return await _plain(services, job, state, part=ByteRange(start, state.size))
    part = parse_range(request.headers.get("range"), size=state.size)
    if part is None:
        return await _plain(services, job, state, part=ByteRange(0, state.size))
    return await _partial(services, job, state, part=part)


def _size(state: LogState) -> dict[str, Any]:
    return {"size": state.size, "ended": state.is_ended}


def _follow(services: Services, job: JobFacts, *, start: int, metrics: Metrics) -> Response:
    places = services.follower_places
    places.check()
    events = _counted(as_events(services.logs.follow(job, start=start)), places, metrics)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type=_EVENTS, headers=headers)


async def _counted(
    events: AsyncGenerator[bytes], places: Places, metrics: Metrics
) -> AsyncIterator[bytes]:
    """Hold a place while the events are sent; if another took the last one, send none."""
    with suppress(TooBusy), places.take(), metrics.followers.track_inprogress():
        async with aclosing(events):
            async for event in events:
                yield event


async def _plain(
    services: Services, job: JobFacts, state: LogState, *, part: ByteRange
) -> Response:
    """Answer bytes to the end, with a notice where the middle was cut."""
    headers = _headers(state, part.start)
    if not state.is_cut:
        headers["Content-Length"] = str(part.end - part.start)
    pieces = services.logs.read(job, start=part.start, end=part.end)
    return await _streamed(pieces, 200, headers)


async def _partial(
    services: Services, job: JobFacts, state: LogState, *, part: ByteRange
) -> Response:
    """Answer exact bytes; of a range that meets the cut, the first run of bytes that is kept."""
    start, stop = state.kept_from(part.start)
    end = min(stop, part.end)
    if start >= end:
        raise RangeNotSatisfiable("these bytes were cut", details={"size": state.size})
    headers = _headers(state, start) | {
        "Content-Range": f"bytes {start}-{end - 1}/{state.size}",
        "Content-Length": str(end - start),
    }
    pieces = services.logs.read(job, start=start, end=end)
    return await _streamed(pieces, 206, headers)


async def _streamed(
    pieces: AsyncIterator[Piece], status: int, headers: dict[str, str]
) -> StreamingResponse:
    """Read the first piece before the answer begins, so that a failure can still be told."""
    first = await anext(pieces, None)
    data = _data(first, pieces)
    return StreamingResponse(data, status, headers=headers, media_type="text/plain")


def _headers(state: LogState, start: int) -> dict[str, str]:
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Log-Offset": str(start),
        "Log-Size": str(state.size),
    }


async def _data(first: Piece | None, others: AsyncIterator[Piece]) -> AsyncIterator[bytes]:
    if first:
        yield first.data
    async for piece in others:
        yield piece.data
