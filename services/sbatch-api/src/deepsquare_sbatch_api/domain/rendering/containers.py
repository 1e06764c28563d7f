"""Containers of runs (workflow.md 3.11, 3.12): image addresses and options of a task."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from deepsquare.workflow import ContainerRun
from deepsquare_sbatch_api.domain.rendering.images import (
    ImageFacts,
    ImageReference,
    is_from_registry,
    reference_of,
)
from deepsquare_sbatch_api.domain.rendering.shell import Command, Word, literal

DOCKER_HUB = "registry-1.docker.io"
NO_FACTS = ImageFacts()


def runtime_of(container: ContainerRun) -> str:
    """Return ``enroot`` or ``apptainer``."""
    return "apptainer" if container.apptainer or container.deepsquare_hosted else "enroot"


def file_path(image: str) -> str:
    """Return the path of a file image, resolved from ``/`` so that it never leaves its root."""
    return posixpath.normpath("/" + image.lstrip("/"))


def hosted_path(container: ContainerRun) -> str:
    """Return where a hosted image lies below the site's root of hosted images."""
    prefix = f"/{container.registry}" if container.registry else ""
    return f"{prefix}/{container.image}"


def registry_address(runtime: str, image: ImageReference, digest: str | None) -> str:
    """Return the address a runtime fetches an image from, by digest where it is known."""
    name = image.name
    if image.registry and "docker.io" in image.registry and "/" not in name:
        name = f"library/{name}"
    if runtime == "enroot":
        host = f"{image.registry}#" if image.registry else ""
        return f"docker://{host}{name}:{digest or image.tag}"
    host = f"{image.registry}/" if image.registry else ""
    return f"docker://{host}{name}@{digest}" if digest else f"docker://{host}{name}:{image.tag}"


@dataclass(slots=True)
class ImageBook:
    """Numbers the images of a job: equal runtime, address and credentials are one (W-IMG-1)."""

    facts: Mapping[ImageReference, ImageFacts]
    used: dict[ImageReference, ImageFacts] = field(default_factory=dict)
    """The distinct images of registries, in order of their first use."""
    _numbers: dict[tuple[str, str, str | None, str | None], int] = field(default_factory=dict)

    def facts_of(self, container: ContainerRun) -> ImageFacts:
        """Return what look-up found of a container's image."""
        if not self.facts or not is_from_registry(container):
            return NO_FACTS
        return self.facts.get(reference_of(container), NO_FACTS)

    def use(self, container: ContainerRun) -> Command:
        """Return the command that fetches the image if need be and notes its file."""
        if container.image.startswith("/"):
            return self._file(container)
        if container.deepsquare_hosted:
            return Command("__ds_use_file", [literal("hosted"), literal(hosted_path(container))])
        runtime, image = runtime_of(container), reference_of(container)
        facts = self.used[image] = self.facts.get(image, NO_FACTS)
        digest = facts.digest
        address = registry_address(runtime, image, digest)
        key = (runtime, address, image.username, image.password)
        number = self._numbers.setdefault(key, len(self._numbers))
        words = [str(number), runtime, address, str(image), digest or ""]
        words += [image.registry or DOCKER_HUB, image.username or "", image.password or ""]
        return Command("__ds_use_image", [literal(word) for word in words])

    def _file(self, container: ContainerRun) -> Command:
        path = file_path(container.image)
        if container.deepsquare_hosted:
            return Command("__ds_use_host_file", [literal(path)])
        return Command("__ds_use_file", [literal("storage"), literal(path)])


def container_options(container: ContainerRun, facts: ImageFacts) -> list[Word]:
    """Return the ``key=value`` words of a container for the node's program."""
    words: list[str] = []
    if not container.read_only_root_fs:
        words.append("rw=1")
    if container.mount_home:
        words.append("home=1")
    if facts.working_directory:
        words.append(f"image_directory={facts.working_directory}")
    for index, mount in enumerate(container.mounts):
        words.append(f"mount{index}={mount.host_dir}:{mount.container_dir}:{mount.options or 'rw'}")
    return [literal(word) for word in words]
