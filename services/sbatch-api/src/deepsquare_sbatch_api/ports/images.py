"""What container registries know of images."""

from typing import Protocol

from deepsquare_sbatch_api.domain.rendering import ImageFacts, ImageReference


class ImageRefused(Exception):
    """The image does not exist, access is denied, or its registry may not be contacted."""


class ImageUnknown(Exception):
    """The registry gave no usable answer: it says nothing about the image."""


class ImageRegistries(Protocol):
    """The registries of images."""

    async def look_up(self, image: ImageReference) -> ImageFacts:
        """Return digest and working directory; raises `ImageRefused` or `ImageUnknown`."""
