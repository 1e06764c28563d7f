"""Container images of a job: what look-up must find out, what it found (workflow.md 3.12, 7)."""

from dataclasses import dataclass, field

from deepsquare.workflow import ContainerRun, Job
from deepsquare.workflow.model.walk import runs_of

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
        reference_of(run.container)
        for run in runs_of(job.steps)
        if run.container is not None and is_from_registry(run.container)
    )
    return tuple(dict.fromkeys(found))
