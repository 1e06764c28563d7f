"""The planner that the settings ask for."""

from deepsquare_sbatch_api.app.planning import NothingFetched, RenderingPlanner
from deepsquare_sbatch_api.app.workflows import Planner
from deepsquare_sbatch_api.settings import Settings


def build_planner(settings: Settings) -> Planner:
    """Return the planner of the service."""
    del settings
    return offline_planner()


def offline_planner() -> Planner:
    """Return a planner that contacts nobody."""
    return RenderingPlanner(NothingFetched())
