"""Image look-up at real registries, and what a batch makes of its answer (workflow.md 7)."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.support.batch import BatchSite, a_job, a_run
from tests.support.registry import OPEN, PASSWORD, PRIVATE, REPOSITORY, USER, Registries
from tests.support.registry_images import WORKING_DIRECTORY

from deepsquare.workflow import ContainerRun
from deepsquare_sbatch_api.adapters.outbound import CheckedTransport, Outbound
from deepsquare_sbatch_api.adapters.registries import OciRegistries
from deepsquare_sbatch_api.domain.outbound import parse_outbound_rule
from deepsquare_sbatch_api.domain.rendering import ImageFacts, ImageReference, image_references
from deepsquare_sbatch_api.ports.images import ImageRefused

pytestmark = pytest.mark.integration


async def _on_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def look_up(registries: Registries) -> AsyncIterator[OciRegistries]:
    """The service's look-up, which the operator lets contact both registries."""
    hosts = tuple(f"{name}:{port}" for name, port in registries.ports.items())
    outbound = Outbound(parse_outbound_rule(hosts), resolver=_on_loopback)
    trust = ssl.create_default_context(cafile=str(registries.authority))
    async with httpx.AsyncClient(transport=CheckedTransport(outbound, ssl_context=trust)) as client:
        yield OciRegistries(client, outbound)


def image(registries: Registries, name: str, tag: str, *credentials: str) -> ImageReference:
    return ImageReference(f"{name}:{registries.ports[name]}", REPOSITORY, tag, *credentials)


async def test_facts__of_a_real_registry__pin_what_a_batch_runs(
    look_up: OciRegistries, registries: Registries, site: BatchSite
) -> None:
    """W-LOOK-1, W-LOOK-2, W-IMG-3, W-RUN-6."""
    facts = await look_up.look_up(image(registries, OPEN, "entry"))
    assert facts == ImageFacts(
        digest=registries.digests["entry"], working_directory=WORKING_DIRECTORY
    )
    site.environment |= registries.environment
    box = ContainerRun(image=f"{REPOSITORY}:entry", registry=OPEN, apptainer=True)
    job = a_job(a_run("pwd", container=box))
    result = site.run(job, images=dict.fromkeys(image_references(job), facts))
    assert (result.code, result.lines) == (0, [WORKING_DIRECTORY]), result.stderr


async def test_password__of_a_private_registry__opens_it(
    look_up: OciRegistries, registries: Registries
) -> None:
    """W-LOOK-1: basic access."""
    facts = await look_up.look_up(image(registries, PRIVATE, "plain", USER, PASSWORD))
    assert facts == ImageFacts(digest=registries.digests["plain"])


@pytest.mark.parametrize(
    ("name", "tag", "credentials"),
    [(PRIVATE, "plain", ()), (PRIVATE, "plain", (USER, "wrong")), (OPEN, "missing", ())],
)
async def test_image__that_may_not_be_had__is_refused(
    look_up: OciRegistries, registries: Registries, name: str, tag: str, credentials: tuple[str]
) -> None:
    """W-LOOK-6."""
    with pytest.raises(ImageRefused):
        await look_up.look_up(image(registries, name, tag, *credentials))
