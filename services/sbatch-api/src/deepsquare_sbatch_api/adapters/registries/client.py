"""Looks images up in registries: existence, digest, working directory (W-LOOK-1 to W-LOOK-4)."""

import asyncio
import base64
from dataclasses import dataclass, field

import httpx
from publicsuffixlist import PublicSuffixList

from deepsquare_sbatch_api.adapters.outbound import (
    HostNotAllowed,
    NameNotFound,
    Outbound,
    ascii_host,
)
from deepsquare_sbatch_api.adapters.registries.challenge import Challenge, parse_challenges
from deepsquare_sbatch_api.adapters.registries.manifests import (
    ACCEPTED,
    Platform,
    check_digest,
    config_digest,
    decoded,
    digest_of,
    entry_for,
    is_index,
    working_directory,
)
from deepsquare_sbatch_api.adapters.registries.names import (
    is_possible,
    registry_host,
    repository_name,
)
from deepsquare_sbatch_api.domain.rendering import ImageFacts, ImageReference
from deepsquare_sbatch_api.ports.images import ImageRefused, ImageUnknown

MAX_BYTES = 4 * 1024 * 1024
"""Largest manifest or configuration (W-LOOK-3)."""

MAX_AT_ONCE = 64
"""Look-ups of the whole service at the same time; each may hold `MAX_BYTES`."""

MAX_REDIRECTS = 3
REQUEST_SECONDS = 10
IMAGE_SECONDS = 30
_WAITING = httpx.Timeout(None, connect=3)
"""Within a request only an address is given up early, so that there is time for the next."""

# Digests are those of the bytes on the wire, and nothing may unfold in memory.
_PLAIN = {"Accept-Encoding": "identity"}
_SUFFIXES = PublicSuffixList()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes


@dataclass(slots=True)
class _Visit:
    """One look-up: the registry's address, and how it is authorised so far."""

    image: ImageReference
    base: httpx.URL
    headers: dict[str, str] = field(default_factory=dict)


class OciRegistries:
    """`ImageRegistries` over HTTP. The client must connect by the outbound rules."""

    def __init__(
        self, client: httpx.AsyncClient, outbound: Outbound, *, platform: Platform | None = None
    ) -> None:
        self._client = client
        self._outbound = outbound
        self._platform = platform or Platform()
        self._gate = asyncio.Semaphore(MAX_AT_ONCE)

    async def look_up(self, image: ImageReference) -> ImageFacts:
        """See `ImageRegistries.look_up`."""
        if not is_possible(image):
            raise ImageRefused("no registry can have an image of this name and tag")
        try:
            async with asyncio.timeout(IMAGE_SECONDS), self._gate:
                return await self._look_up(image)
        except HostNotAllowed as error:
            raise ImageRefused(str(error)) from error
        except NameNotFound as error:
            raise ImageUnknown(str(error)) from error
        except TimeoutError as error:
            raise ImageUnknown("the registry takes too long") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            # The last is what httpx makes of some hosts that are none, such as xn--a.com.
            raise ImageUnknown("the registry cannot be reached") from error

    async def _look_up(self, image: ImageReference) -> ImageFacts:
        visit = _Visit(image, self._base(image))
        top = await self._get(visit, f"manifests/{image.tag}", accept=ACCEPTED)
        digest = digest_of(top.body)
        check_digest(top.body, top.headers.get("docker-content-digest", digest))
        manifest = decoded(top.body)
        if is_index(manifest, top.headers.get("content-type", "")):
            chosen = entry_for(manifest, self._platform)
            manifest = decoded(await self._blob(visit, "manifests", chosen))
        config = decoded(await self._blob(visit, "blobs", config_digest(manifest)))
        return ImageFacts(digest=digest, working_directory=working_directory(config))

    def _base(self, image: ImageReference) -> httpx.URL:
        host, _, port = registry_host(image).partition(":")
        is_plain = bool(port) and self._outbound.is_plain(host, int(port))
        scheme = "http" if is_plain else "https"
        return httpx.URL(f"{scheme}://{registry_host(image)}/v2/{repository_name(image)}/")

    async def _blob(self, visit: _Visit, kind: str, digest: str) -> bytes:
        accept = ACCEPTED if kind == "manifests" else "*/*"
        answer = await self._get(visit, f"{kind}/{digest}", accept=accept)
        check_digest(answer.body, digest)
        return answer.body

    async def _get(self, visit: _Visit, path: str, *, accept: str) -> _Answer:
        url = visit.base.join(path)
        answer = await self._follow(url, {**_PLAIN, "Accept": accept, **visit.headers})
        if answer.status == httpx.codes.UNAUTHORIZED and not visit.headers:
            visit.headers = await self._authorise(visit, answer)
            answer = await self._follow(url, {**_PLAIN, "Accept": accept, **visit.headers})
        _check_status(answer.status)
        return answer

    async def _follow(self, url: httpx.URL, headers: dict[str, str]) -> _Answer:
        """Get with redirects, each checked; credentials stay on the first host (W-LOOK-4)."""
        origin = url
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._fetch(url, headers)
            location = answer.headers.get("location")
            if not httpx.codes.is_redirect(answer.status) or location is None:
                return answer
            url = url.join(location)
            if _origin(url) != _origin(origin):
                headers = {name: headers[name] for name in headers if name != "Authorization"}
        raise ImageUnknown("the registry redirects too often")

    async def _fetch(self, url: httpx.URL, headers: dict[str, str]) -> _Answer:
        async with (
            asyncio.timeout(REQUEST_SECONDS),
            self._client.stream(
                "GET", url, headers=headers, follow_redirects=False, timeout=_WAITING
            ) as response,
        ):
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ImageUnknown(f"the registry's answer exceeds {MAX_BYTES} bytes")
            return _Answer(response.status_code, response.headers, bytes(body))

    async def _authorise(self, visit: _Visit, answer: _Answer) -> dict[str, str]:
        challenges = parse_challenges(", ".join(answer.headers.get_list("www-authenticate")))
        by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
        if "bearer" in by_scheme:
            return await self._bearer(visit, by_scheme["bearer"])
        if "basic" in by_scheme and (login := _login(visit.image, visit.base)):
            return {"Authorization": login}
        raise ImageRefused("access to the image is denied")

    async def _bearer(self, visit: _Visit, challenge: Challenge) -> dict[str, str]:
        realm = httpx.URL(challenge.parameters.get("realm", ""))
        if not realm.scheme:
            raise ImageUnknown("the registry does not say where its tokens are")
        scope = f"repository:{repository_name(visit.image)}:pull"
        query = {"scope": challenge.parameters.get("scope", scope)}
        if "service" in challenge.parameters:
            query["service"] = challenge.parameters["service"]
        login = _login(visit.image, realm) if _same_domain(realm, visit.base) else None
        headers = {**_PLAIN, "Authorization": login} if login else dict(_PLAIN)
        answer = await self._follow(realm.copy_merge_params(query), headers)
        _check_status(answer.status)
        body = decoded(answer.body)
        token = body.get("token") or body.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise ImageUnknown("the registry gives no token")
        return {"Authorization": f"Bearer {token}"}


def _login(image: ImageReference, url: httpx.URL) -> str | None:
    """Return basic credentials, which only ever travel over TLS."""
    if image.username is None or image.password is None or url.scheme != "https":
        return None
    pair = f"{image.username}:{image.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port


def _same_domain(realm: httpx.URL, registry: httpx.URL) -> bool:
    """Tell whether a token realm belongs to the registry: one registrable domain."""
    if realm.raw_host == registry.raw_host:
        return True
    own = _SUFFIXES.privatesuffix(ascii_host(registry))
    return own is not None and _SUFFIXES.privatesuffix(ascii_host(realm)) == own


def _check_status(status: int) -> None:
    if status == httpx.codes.NOT_FOUND:
        raise ImageRefused("the registry has no such image")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise ImageRefused("access to the image is denied")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise ImageUnknown("the registry asks to slow down")
    if status != httpx.codes.OK:
        raise ImageUnknown(f"the registry answers with status {status}")
