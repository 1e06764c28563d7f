"""Container registries by the OCI distribution protocol (workflow.md section 7)."""

from deepsquare_sbatch_api.adapters.registries.cache import CachedRegistries
from deepsquare_sbatch_api.adapters.registries.client import OciRegistries

__all__ = ["CachedRegistries", "OciRegistries"]
