"""Looking the images of a job up, to pin them (workflow.md section 7)."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from deepsquare.workflow import ContainerRun, Job, WorkflowError
from deepsquare.workflow.document import Places
from deepsquare.workflow.model.walk import runs_of
from deepsquare_sbatch_api.domain.rendering import ImageFacts, ImageReference, image_references
from deepsquare_sbatch_api.domain.rendering.images import is_from_registry, reference_of
from deepsquare_sbatch_api.ports.images import ImageRefused, ImageRegistries, ImageUnknown

MAX_LOOK_UPS = 8
"""Images of one job that are looked up at the same time (W-LOOK-7)."""

MAX_IMAGES = 50
JOB_SECONDS = 60
"""W-LOOK-3."""

LookUpMode = Literal["off", "prefer", "require"]
"""Whether images are looked up, and whether a registry that does not answer is an error."""


class NoRegistries:
    """`ImageRegistries` of a service that looks nothing up: no packet leaves (W-LOOK-8)."""

    async def look_up(self, image: ImageReference) -> ImageFacts:
        """Know nothing of the image."""
        raise ImageUnknown(f"{image} is not looked up")


@dataclass(slots=True)
class LookedUp:
    """What was found of a job's images, and what is wrong with them."""

    facts: dict[ImageReference, ImageFacts] = field(default_factory=dict)
    errors: list[WorkflowError] = field(default_factory=list)
    warnings: list[WorkflowError] = field(default_factory=list)


@dataclass(frozen=True)
class ImageLookUp:
    """Looks images up as the service is set."""

    registries: ImageRegistries
    mode: LookUpMode = "prefer"

    async def look_up(self, job: Job, places: Places) -> LookedUp:
        """Look up each distinct image of a job; all that is wrong comes back at once."""
        images = image_references(job)
        if not images:
            return LookedUp()
        if self.mode == "off":
            return _switched_off(job, images, places)
        answers = await self._answers(images[:MAX_IMAGES])
        beyond = ImageUnknown(f"a job has at most {MAX_IMAGES} images that are looked up")
        found = LookedUp({image: _facts(answers.get(image, beyond)) for image in images})
        for container in _fetched_containers(job):
            answer = answers.get(reference_of(container), beyond)
            if isinstance(answer, Exception):
                self._note(found, container, answer, places)
        return found

    async def _answers(
        self, images: tuple[ImageReference, ...]
    ) -> Mapping[ImageReference, ImageFacts | Exception]:
        gate = asyncio.Semaphore(MAX_LOOK_UPS)
        answers: dict[ImageReference, ImageFacts | Exception] = {
            image: ImageUnknown("the registries of this job take too long") for image in images
        }

        async def ask(image: ImageReference) -> None:
            async with gate:
                try:
                    answers[image] = await self.registries.look_up(image)
                except (ImageRefused, ImageUnknown) as error:
                    answers[image] = error

        try:
            async with asyncio.timeout(JOB_SECONDS), asyncio.TaskGroup() as group:
                for image in images:
                    group.create_task(ask(image))
        except TimeoutError:
            pass
        return answers

    def _note(
        self, found: LookedUp, container: ContainerRun, answer: Exception, places: Places
    ) -> None:
        is_error = isinstance(answer, ImageRefused) or self.mode == "require"
        problem = places.problem(
            container,
            "image",
            type_="image" if is_error else "warning",
            tag="image_lookup",
            message=str(answer),
        )
        (found.errors if is_error else found.warnings).append(problem)


def _facts(answer: ImageFacts | Exception) -> ImageFacts:
    return ImageFacts(why=str(answer)) if isinstance(answer, Exception) else answer


def _fetched_containers(job: Job) -> Iterator[ContainerRun]:
    """Yield the containers with images of registries, in document order."""
    for run in runs_of(job.steps):
        if run.container is not None and is_from_registry(run.container):
            yield run.container


def _switched_off(job: Job, images: tuple[ImageReference, ...], places: Places) -> LookedUp:
    why = "image look-up is switched off: images are fetched by tag, not by digest"
    warning = places.problem(job, "steps", type_="warning", tag="image_lookup", message=why)
    return LookedUp({image: ImageFacts(why=why) for image in images}, warnings=[warning])
