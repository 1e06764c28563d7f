"""Environment levels of the script (workflow.md 3.6): functions that emit entries."""

from collections.abc import Sequence

from deepsquare.workflow import EnvVar
from deepsquare_sbatch_api.domain.rendering.shell import Command, Function, literal


def entries(name: str, variables: Sequence[EnvVar]) -> Function:
    """Return a function that emits ``KEY=value`` entries; of a key given twice the last wins."""
    latest = {variable.key: variable.value for variable in variables}
    words = [literal(f"{key}={value}") for key, value in latest.items()]
    return Function(name, [Command("__ds_emit", words)])
