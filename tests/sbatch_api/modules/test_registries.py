"""Image look-up by the OCI distribution protocol (W-LOOK-1 to W-LOOK-6)."""

import asyncio
import base64
import http.server
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.sbatch_api.modules.registry_double import (
    AUTH,
    CDN,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    REGISTRY,
    Answer,
    Registry,
    Request,
    digest_of,
    encoded,
)
from tests.sbatch_api.modules.repositories import Certificates, serving

from deepsquare_sbatch_api.adapters.outbound import CheckedTransport, Outbound
from deepsquare_sbatch_api.adapters.registries import OciRegistries
from deepsquare_sbatch_api.adapters.registries import client as client_module
from deepsquare_sbatch_api.adapters.registries.manifests import Platform
from deepsquare_sbatch_api.domain.outbound import OutboundRule, parse_outbound_rule
from deepsquare_sbatch_api.domain.rendering import ImageFacts, ImageReference
from deepsquare_sbatch_api.ports.images import ImageRefused, ImageUnknown

pytestmark = pytest.mark.integration


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path, REGISTRY, AUTH, CDN)


@pytest.fixture
def registry(certificates: Certificates) -> Iterator[Registry]:
    registry = Registry()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            request = Request(self.headers["Host"], self.path, self.headers["Authorization"])
            answer = registry.answer(request)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *arguments: object) -> None:
            del arguments

    with serving(Handler, certificates.for_server()) as port:
        registry.port = port
        yield registry


async def loopback(host: str, port: int) -> list[str]:
    del host, port
    return ["127.0.0.1"]


def registries(
    registry: Registry, certificates: Certificates, *, platform: Platform | None = None
) -> OciRegistries:
    allow = tuple(f"{host}:{registry.port}" for host in (REGISTRY, AUTH, CDN))
    outbound = Outbound(parse_outbound_rule(allow), resolver=loopback)
    transport = CheckedTransport(outbound, ssl_context=certificates.for_client())
    return OciRegistries(httpx.AsyncClient(transport=transport), outbound, platform=platform)


@pytest.fixture
def subject(registry: Registry, certificates: Certificates) -> OciRegistries:
    return registries(registry, certificates)


async def refused(subject: OciRegistries, image: ImageReference) -> str:
    with pytest.raises(ImageRefused) as caught:
        await subject.look_up(image)
    return str(caught.value)


async def unknown(subject: OciRegistries, image: ImageReference) -> str:
    with pytest.raises(ImageUnknown) as caught:
        await subject.look_up(image)
    return str(caught.value)


@pytest.mark.parametrize(
    "media_type",
    [OCI_MANIFEST, DOCKER_MANIFEST, None, "text/plain", f"{OCI_MANIFEST}; charset=utf-8"],
)
@pytest.mark.parametrize("index", [None, OCI_INDEX, DOCKER_LIST])
async def test_image__of_every_form__is_pinned_to_what_its_tag_names(
    registry: Registry, subject: OciRegistries, media_type: str | None, index: str | None
) -> None:
    """W-LOOK-1, W-LOOK-2."""
    digest = registry.put_image(media_type=media_type, index=index)
    facts = await subject.look_up(registry.image())
    assert facts == ImageFacts(digest=digest, working_directory="/work")


async def test_index__without_media_type__is_known_by_its_body(
    registry: Registry, subject: OciRegistries
) -> None:
    """W-LOOK-2."""
    registry.put_image(index=OCI_INDEX)
    answer = registry.answers["/v2/a/b/manifests/v1"]
    body = json.loads(answer.body)
    del body["mediaType"]
    registry.put("manifests/v1", encoded(body), {"Content-Type": "application/json"})
    assert (await subject.look_up(registry.image())).digest == digest_of(encoded(body))


async def test_index__for_another_platform__gives_that_one_or_is_refused(
    registry: Registry, certificates: Certificates
) -> None:
    """W-LOOK-2."""
    registry.put_image(index=OCI_INDEX)
    other = registries(registry, certificates, platform=Platform("linux", "riscv64"))
    assert await refused(other, registry.image()) == "the image is not made for linux/riscv64"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"config": {}},
        {"config": {"WorkingDir": ""}},
        {"config": {"WorkingDir": "relative"}},
        {"config": None},
        {"config": {"WorkingDir": "/a\0b"}},
        {"config": {"WorkingDir": "/\ud800"}},
        {"config": {"WorkingDir": "/" + "a" * 4095}},
    ],
)
async def test_configuration__without_a_directory__is_found_without(
    registry: Registry, subject: OciRegistries, config: object
) -> None:
    body = encoded(config)
    manifest = encoded({"config": {"digest": digest_of(body)}})
    registry.put("manifests/v1", manifest)
    registry.put(f"blobs/{digest_of(body)}", body)
    facts = await subject.look_up(registry.image())
    assert facts == ImageFacts(digest=digest_of(manifest), working_directory=None)


async def test_bearer_token__is_fetched_with_credentials_of_the_same_domain(
    registry: Registry, subject: OciRegistries
) -> None:
    """W-LOOK-1, W-LOOK-4."""
    digest = registry.put_image()
    registry.login = "Bearer t0ken"
    registry.challenge = (
        f'Bearer realm="https://{AUTH}:{registry.port}/token?x=a=b",service="a, \\"b\\"",'
        'scope="repository:a/b:pull,push"'
    )
    path = "/token?x=a%3Db&scope=repository%3Aa%2Fb%3Apull%2Cpush&service=a%2C+%22b%22"
    registry.answers[path] = Answer(200, encoded({"access_token": "t0ken"}))
    assert (await subject.look_up(registry.image())).digest == digest
    assert registry.authorizations(AUTH) == [None]
    image = registry.image(username="user", password="p:w")
    assert (await subject.look_up(image)).digest == digest
    basic = "Basic " + base64.b64encode(b"user:p:w").decode()
    assert registry.authorizations(AUTH) == [None, basic]
    assert basic not in registry.authorizations(REGISTRY)


async def test_credentials__never_go_to_a_realm_of_another_domain(
    registry: Registry, subject: OciRegistries
) -> None:
    """W-LOOK-4."""
    registry.put_image()
    registry.login = "Bearer t"
    registry.challenge = f'Bearer realm="https://{CDN}:{registry.port}/token"'
    path = "/token?scope=repository%3Aa%2Fb%3Apull"
    registry.answers[path] = Answer(200, encoded({"token": "t"}))
    await subject.look_up(registry.image(username="user", password="secret"))
    assert registry.authorizations(CDN) == [None]


async def test_basic_access__is_answered_when_credentials_are_given(
    registry: Registry, subject: OciRegistries
) -> None:
    """W-LOOK-1."""
    digest = registry.put_image()
    registry.login = "Basic " + base64.b64encode("ü:p".encode()).decode()
    registry.challenge = 'Basic realm="x"'
    image = registry.image(username="ü", password="p")
    assert (await subject.look_up(image)).digest == digest
    assert await refused(subject, registry.image()) == "access to the image is denied"
    wrong = registry.image(username="ü", password="wrong")
    assert await refused(subject, wrong) == "access to the image is denied"


async def test_redirect__to_another_host__carries_no_credentials(
    registry: Registry, subject: OciRegistries
) -> None:
    """W-LOOK-3, W-LOOK-4."""
    digest = registry.put_image()
    registry.login = "Basic " + base64.b64encode(b"u:p").decode()
    registry.challenge = 'Basic realm="x"'
    path = next(path for path in registry.answers if "/blobs/" in path)
    registry.answers["/elsewhere"] = registry.answers[path]
    target = f"https://{CDN}:{registry.port}/elsewhere"
    registry.answers[path] = Answer(307, b"", {"Location": target})
    assert (await subject.look_up(registry.image(username="u", password="p"))).digest == digest
    assert registry.authorizations(CDN) == [None]


@pytest.mark.parametrize(
    "target",
    [
        "https://169.254.169.254/latest",
        "http://registry.example.test/x",
        "https://10.0.0.1/",
        "file:///etc/passwd",
        "https://[::1]/",
        "https://elsewhere.test/",
    ],
)
async def test_redirect_or_realm__to_a_host_not_allowed__is_refused(
    registry: Registry, subject: OciRegistries, target: str
) -> None:
    """W-LOOK-5, F3."""
    registry.answers["/v2/a/b/manifests/v1"] = Answer(302, b"", {"Location": target})
    assert "is not allowed" in await refused(subject, registry.image())
    registry.login, registry.challenge = "Bearer x", f'Bearer realm="{target}"'
    assert "is not allowed" in await refused(subject, registry.image())


async def test_registry__not_allowed__is_refused_without_a_packet(
    registry: Registry, subject: OciRegistries
) -> None:
    """W-LOOK-5."""
    for host in ("localhost", "intern.test", f"127.0.0.1:{registry.port}"):
        assert "is not allowed" in await refused(subject, registry.image(registry=host))
    assert registry.requests == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(404), "the registry has no such image"),
        (Answer(403), "access to the image is denied"),
    ],
)
async def test_answer__that_settles_it__refuses_the_image(
    registry: Registry, subject: OciRegistries, answer: Answer, message: str
) -> None:
    """W-LOOK-6."""
    registry.answers["/v2/a/b/manifests/v1"] = answer
    assert await refused(subject, registry.image()) == message


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(429), "the registry asks to slow down"),
        (Answer(500), "the registry answers with status 500"),
        (Answer(204), "the registry answers with status 204"),
        (Answer(200, b"<html>"), "the registry's answer is no JSON object"),
        (Answer(200, b"[" * 100_000), "the registry's answer is no JSON object"),
        (Answer(200, b"{}"), "the registry's answer is neither a manifest nor an index"),
        (
            Answer(200, encoded({"mediaType": ["x"]})),
            "the registry's answer is neither a manifest nor an index",
        ),
        (
            Answer(200, encoded({"manifests": 1, "mediaType": OCI_INDEX})),
            "the registry's index lists no manifests",
        ),
        (
            Answer(302, b"", {"Location": "https://xn--a.example.test/"}),
            "the registry cannot be reached",
        ),
        (
            Answer(302, b"", {"Location": ":https://xn--["}),
            "the registry cannot be reached",
        ),
        (
            Answer(401, b"", {"WWW-Authenticate": 'Bearer realm="/token"'}),
            "the registry does not say where its tokens are",
        ),
        (
            Answer(200, encoded({"config": {"digest": "md5:0"}})),
            "the registry's answer names no sha256 digest",
        ),
        (
            Answer(200, encoded({"config": {"digest": "sha256:../../x"}})),
            "the registry's answer names no sha256 digest",
        ),
        (
            Answer(200, b"{}", {"Docker-Content-Digest": "sha256:" + "0" * 64}),
            "the registry sent something else than it announced",
        ),
        (Answer(200, b" " * (4 * 1024 * 1024 + 1)), "the registry's answer exceeds 4194304 bytes"),
    ],
)
async def test_answer__that_says_nothing__leaves_the_image_unknown(
    registry: Registry, subject: OciRegistries, answer: Answer, message: str
) -> None:
    """W-LOOK-3, W-LOOK-6."""
    registry.answers["/v2/a/b/manifests/v1"] = answer
    assert await unknown(subject, registry.image()) == message


async def test_blob__that_is_not_its_digest__leaves_the_image_unknown(
    registry: Registry, subject: OciRegistries
) -> None:
    """W-LOOK-3."""
    registry.put_image()
    path = next(path for path in registry.answers if "/blobs/" in path)
    registry.answers[path].body = b"{}"
    assert "something else" in await unknown(subject, registry.image())


async def test_redirects__more_than_three__leave_the_image_unknown(
    registry: Registry, subject: OciRegistries
) -> None:
    """W-LOOK-3."""
    registry.answers["/v2/a/b/manifests/v1"] = Answer(
        302, b"", {"Location": "/v2/a/b/manifests/v1"}
    )
    assert await unknown(subject, registry.image()) == "the registry redirects too often"
    assert len(registry.requests) == 4


async def test_registry__that_does_not_answer__leaves_the_image_unknown(
    registry: Registry, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-LOOK-3, W-LOOK-6."""
    gone = Registry(port=1)
    nobody = gone.image(registry="xn--a.com")
    assert await unknown(registries(gone, certificates), nobody) == "the registry cannot be reached"
    assert await unknown(registries(gone, certificates), gone.image()) == (
        "the registry cannot be reached"
    )
    monkeypatch.setattr(client_module, "IMAGE_SECONDS", 0)
    assert await unknown(registries(registry, certificates), registry.image()) == (
        "the registry takes too long"
    )


async def test_look_ups__of_many_jobs__are_bounded_together(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W-LOOK-3, F3: each may hold a manifest of 4 MiB."""
    monkeypatch.setattr(client_module, "MAX_AT_ONCE", 3)
    asked: list[str] = []
    answered = asyncio.Event()

    async def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        await answered.wait()
        return ["127.0.0.1"]

    outbound = Outbound(OutboundRule(), resolver=resolver)
    transport = CheckedTransport(outbound, ssl_context=certificates.for_client())
    subject = OciRegistries(httpx.AsyncClient(transport=transport), outbound)
    images = [ImageReference(f"r{number}.example.org", "a", "v1") for number in range(9)]
    look_ups = [asyncio.create_task(refused(subject, image)) for image in images]
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(asked) == 3
    answered.set()
    await asyncio.gather(*look_ups)
    assert len(asked) == 9


async def test_registry__that_is_slow__has_the_time_of_a_request() -> None:
    """W-LOOK-3: not the five seconds that the HTTP library waits of its own accord."""
    limits: list[dict[str, float | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"])
        return httpx.Response(404, stream=httpx.ByteStream(b""))

    async def public(host: str, port: int) -> list[str]:
        return ["1.1.1.1"]

    outbound = Outbound(OutboundRule(), resolver=public)
    network = httpx.MockTransport(answer)
    transport = CheckedTransport(outbound, ssl_context=ssl.create_default_context(), inner=network)
    subject = OciRegistries(httpx.AsyncClient(transport=transport), outbound)
    with pytest.raises(ImageRefused):
        await subject.look_up(ImageReference(registry="slow.example.org", name="a", tag="v1"))
    assert [limit["read"] for limit in limits] == [None]


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("../secret", "v1"),
        ("a//b", "v1"),
        ("a/", "v1"),
        ("a/b", "-v1"),
        ("a/b", "a:b"),
        ("a..b", "v1"),
    ],
)
async def test_name__that_no_registry_can_have__is_refused_without_a_packet(
    registry: Registry, subject: OciRegistries, name: str, tag: str
) -> None:
    assert "name and tag" in await refused(subject, registry.image(name=name, tag=tag))
    assert registry.requests == []
