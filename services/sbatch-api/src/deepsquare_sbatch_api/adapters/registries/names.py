"""Names of registries and repositories as the protocol wants them."""

import re

from deepsquare_sbatch_api.domain.rendering import ImageReference

DOCKER_HUB = "registry-1.docker.io"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_LONGEST_NAME = 255
_HUB_ALIASES = frozenset({"docker.io", "index.docker.io", DOCKER_HUB})


def registry_host(image: ImageReference) -> str:
    """Return the host that serves an image; the public names of Docker Hub mean its registry."""
    if image.registry is None or image.registry.lower() in _HUB_ALIASES:
        return DOCKER_HUB
    return image.registry.lower()


def repository_name(image: ImageReference) -> str:
    """Return the repository, with ``library/`` for Docker Hub's own images (3.12)."""
    is_hub = image.registry is None or "docker.io" in image.registry
    return f"library/{image.name}" if is_hub and "/" not in image.name else image.name


def is_possible(image: ImageReference) -> bool:
    """Tell whether a registry can have such a name and tag (OCI distribution 1.1, 3.2)."""
    is_name = len(image.name) <= _LONGEST_NAME and _NAME.fullmatch(image.name) is not None
    return is_name and _TAG.fullmatch(image.tag) is not None
