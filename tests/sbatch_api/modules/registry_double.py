"""A registry of images that says what a test lets it say."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from deepsquare_sbatch_api.domain.rendering import ImageReference

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
REGISTRY, AUTH, CDN = "registry.example.test", "auth.example.test", "cdn.other.test"


def digest_of(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Request:
    host: str
    path: str
    authorization: str | None


@dataclass
class Registry:
    """A registry stand-in on loopback that answers under several names."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    login: str | None = None
    """Authorization that the registry asks for."""
    challenge: str = ""

    def put_image(self, *, media_type: str | None = OCI_MANIFEST, index: str | None = None) -> str:
        """Offer ``a/b:v1`` and return its digest."""
        config = encoded({"config": {"WorkingDir": "/work"}})
        manifest = encoded({"config": {"digest": digest_of(config)}, "layers": []})
        kind = {} if media_type is None else {"Content-Type": media_type}
        self.put("manifests/v1", manifest, kind)
        self.put(f"manifests/{digest_of(manifest)}", manifest, kind)
        self.put(f"blobs/{digest_of(config)}", config, {"Content-Type": "application/json"})
        if index is None:
            return digest_of(manifest)
        entries = [
            {"digest": "sha256:" + "0" * 64, "platform": {"os": "linux", "architecture": "arm64"}},
            {"digest": digest_of(manifest), "platform": {"os": "linux", "architecture": "amd64"}},
        ]
        body = encoded({"manifests": entries, "mediaType": index})
        self.put("manifests/v1", body, {"Content-Type": index})
        return digest_of(body)

    def put(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.answers[f"/v2/a/b/{path}"] = Answer(200, body, headers or {})

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        protected = request.path.startswith("/v2/") and request.host.startswith(REGISTRY)
        if self.login is not None and protected and request.authorization != self.login:
            return Answer(401, b"{}", {"WWW-Authenticate": self.challenge})
        return self.answers.get(request.path, Answer(404, b"{}"))

    def image(self, **changes: Any) -> ImageReference:
        return ImageReference(
            **{"registry": f"{REGISTRY}:{self.port}", "name": "a/b", "tag": "v1", **changes}
        )

    def authorizations(self, host: str) -> list[str | None]:
        return [each.authorization for each in self.requests if each.host.startswith(host)]
