"""A batch script while it is rendered: what all that renders adds to."""

from dataclasses import dataclass, field

from deepsquare_sbatch_api.domain.rendering.shell import Node


@dataclass(slots=True)
class Draft:
    """Functions of the script, the runtime parts they call and the tools those need."""

    nodes: list[Node] = field(default_factory=list)
    parts: set[str] = field(default_factory=set)
    tools: set[str] = field(default_factory=set)
