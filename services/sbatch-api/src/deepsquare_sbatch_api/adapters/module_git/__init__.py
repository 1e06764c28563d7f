"""Module files from git repositories (workflow.md 6.1), by the git command."""

from deepsquare_sbatch_api.adapters.module_git.command import GitCommand
from deepsquare_sbatch_api.adapters.module_git.locations import Locations
from deepsquare_sbatch_api.adapters.module_git.repositories import GitRepositories

__all__ = ["GitCommand", "GitRepositories", "Locations"]
