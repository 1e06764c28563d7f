"""Workflows to batch scripts (workflow.md sections 3 to 5)."""

from deepsquare_sbatch_api.domain.rendering.images import (
    ImageFacts,
    ImageReference,
    image_references,
)
from deepsquare_sbatch_api.domain.rendering.rendering import (
    MAX_SCRIPT_BYTES,
    NONCE,
    Rendering,
    ScriptTooLarge,
    render,
)
from deepsquare_sbatch_api.domain.rendering.steps import StepNote

__all__ = [
    "MAX_SCRIPT_BYTES",
    "NONCE",
    "ImageFacts",
    "ImageReference",
    "Rendering",
    "ScriptTooLarge",
    "StepNote",
    "image_references",
    "render",
]
