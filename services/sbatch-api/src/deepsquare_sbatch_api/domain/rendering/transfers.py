"""Input, output and continuous sync of a job (workflow.md 3.4, 3.5)."""

from urllib.parse import unquote, urlsplit

from deepsquare.workflow import HTTPData, Job, S3Data, TransportData
from deepsquare_sbatch_api.domain.rendering.draft import Draft
from deepsquare_sbatch_api.domain.rendering.shell import (
    Command,
    Function,
    Node,
    OnlyIf,
    Sequential,
    Word,
    literal,
)

DEFAULT_INPUT_MODE = 0o700
_MAX_NAME_BYTES = 255
_CUT_NAME_BYTES = _MAX_NAME_BYTES - len(".unpacked")
_UNPACKERS = {"file", "tar", "find", "chmod", "ls", "sed", "grep", "sort", "cat"}


def render_transfers(job: Job, draft: Draft) -> None:
    """Render what the job fetches before its steps and uploads during and after them."""
    fetch = _fetch(job.input, draft)
    if fetch is not None:
        mode = DEFAULT_INPUT_MODE if job.input_mode is None else job.input_mode
        settle = Command("__ds_settle_input", [literal(f"{mode:o}")])
        draft.nodes.append(Function("__ds_fetch_input", [Sequential([fetch, settle])]))
        draft.parts.add("transfer")
        draft.tools |= _UNPACKERS
    _upload(job, draft)


def _fetch(data: TransportData | None, draft: Draft) -> Command | None:
    if data is None:
        return None
    if data.http is not None:
        draft.parts.add("http")
        draft.tools.add("curl")
        words = [data.http.url, file_name(data.http.url), _protocols(data.http)]
        return Command("__ds_fetch_http", [literal(word) for word in words])
    if data.s3 is not None:
        draft.parts.add("s3")
        draft.tools.add("s5cmd")
        return Command("__ds_fetch_s3", _connection(data.s3))
    return None


def _protocols(http: HTTPData) -> str:
    """Return what redirects may use: https stays https."""
    return "https" if http.url.lower().startswith("https:") else "http,https"


def _upload(job: Job, draft: Draft) -> None:
    if job.output is None:
        return
    draft.parts.add("upload")
    if job.output.http is not None:
        _upload_http(job, job.output.http, draft)
    elif job.output.s3 is not None:
        _upload_s3(job, job.output.s3, draft)


def _upload_http(job: Job, http: HTTPData, draft: Draft) -> None:
    draft.parts.add("http")
    draft.tools |= {"curl", "find", "tr", "zip"}
    put = Command("__ds_put_http", [literal(http.url), literal(_protocols(http))])
    draft.nodes.append(_finisher(job, put))


def _upload_s3(job: Job, s3: S3Data, draft: Draft) -> None:
    draft.parts.add("s3")
    draft.tools |= {"s5cmd", "find"}
    connection = _connection(s3)
    mode = literal("delete" if s3.delete_sync else "keep")
    draft.nodes.append(_finisher(job, Command("__ds_put_s3", [*connection, mode])))
    if job.continuous_output_sync:
        draft.parts |= {"sync", "scopes", "launches"}
        now = Command("__ds_put_s3", [*connection, literal("quiet")])
        draft.nodes.append(Function("__ds_upload_now", [now]))


def _finisher(job: Job, put: Node) -> Node:
    """Return the function of the final upload, with its policy (W-OUT-1)."""
    policy = Command("__ds_output_is_wanted", [literal(job.output_policy)])
    return Function("__ds_upload_output", [OnlyIf(policy, [put])])


def _connection(s3: S3Data) -> list[Word]:
    address = f"{s3.bucket_url}{s3.path}"
    words = [s3.region, s3.endpoint_url, s3.access_key_id, s3.secret_access_key, address]
    return [literal(word) for word in words]


def file_name(url: str) -> str:
    """Return the name of a download: the last segment of the URL's path (W-IN-1).

    One that no file system would take is cut.
    """
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    name = unquote(segments[-1], errors="replace") if segments else ""
    name = "".join(c for c in name if c != "/" and c.isprintable())
    raw = name.encode("utf-8", "surrogatepass")
    if len(raw) > _MAX_NAME_BYTES:
        name = raw[:_CUT_NAME_BYTES].decode(errors="ignore")
    return name if name not in {"", ".", ".."} else "index.html"
