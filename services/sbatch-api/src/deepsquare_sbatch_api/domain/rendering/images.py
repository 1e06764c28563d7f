"""Container images of a job: what look-up must find out, what it found (workflow.md 3.12, 7)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from deepsquare.workflow import ContainerRun, Job, Step
from deepsquare.workflow.model.expansion import ExpandedUse

DEFAULT_TAG = "latest"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image of a registry, as the workflow names it. Credentials are given all or none."""

    registry: str | None
    """Host name; None is Docker Hub."""
    name: str
    tag: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        prefix = f"{self.registry}/" if self.registry else ""
        return f"{prefix}{self.name}:{self.tag}"


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What look-up found: digest and working directory, or why there is none."""

    digest: str | None = None
    """``sha256:`` and 64 hex digits."""
    working_directory: str | None = None
    why: str | None = None


def is_from_registry(container: ContainerRun) -> bool:
    """Tell whether the image is fetched, being neither a file nor hosted."""
    return not container.deepsquare_hosted and not container.image.startswith("/")


def reference_of(container: ContainerRun) -> ImageReference:
    """Return the reference of an image of a registry; credentials must be complete (W-IMG-6)."""
    name, _, tag = container.image.partition(":")
    credentials = (container.username, container.password)
    if container.registry is None or not all(credentials):
        credentials = (None, None)
    return ImageReference(container.registry, name, tag or DEFAULT_TAG, *credentials)


def image_references(job: Job) -> tuple[ImageReference, ...]:
    """Return the distinct images of an expanded job that look-up is for, in document order."""
    found = (
        reference_of(container)
        for container in _containers(job.steps)
        if is_from_registry(container)
    )
    return tuple(dict.fromkeys(found))


def _containers(steps: Sequence[Step]) -> Iterator[ContainerRun]:
    for step in steps:
        if step.run is not None and step.run.container is not None:
            yield step.run.container
        for block in children_of(step):
            yield from _containers(block)


def children_of(step: Step) -> Iterator[Sequence[Step]]:
    """Iterate over the lists of steps inside a step of an expanded job."""
    yield step.steps
    if step.for_ is not None:
        yield step.for_.steps
    if step.launch is not None:
        yield step.launch.steps
    if isinstance(step.use, ExpandedUse):
        yield step.use.body
    yield step.catch
    yield step.finally_
