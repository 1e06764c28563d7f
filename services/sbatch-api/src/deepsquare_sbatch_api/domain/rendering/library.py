"""The fixed runtime: bash files of this package, checked by shellcheck on their own.

A script carries only the parts its workflow uses, in the order of `PARTS`.
"""

import re
from functools import cache
from importlib import resources

PARTS = (
    "core",
    "site",
    "environment",
    "steps",
    "scopes",
    "launches",
    "loops",
    "modules",
    "transfer",
    "upload",
    "http",
    "s3",
    "sync",
    "images",
    "containers",
    "networks",
    "node",
    "node_supervisor",
    "node_container",
    "node_apptainer",
    "node_enroot",
    "node_network",
    "node_gateway",
    "node_clean",
    "job",
)
"""All parts, in the order in which they stand in a script."""

ALWAYS = frozenset({"core", "site", "environment", "steps", "node", "job"})
"""Parts of every script."""

_COMMENT_LINE = re.compile(r"^\s*#.*\n", re.MULTILINE)


@cache
def part(name: str) -> str:
    """Return the text of one part, without comments and blank lines."""
    text = resources.files(__package__).joinpath("runtime", f"{name}.bash").read_text("utf-8")
    lines = _COMMENT_LINE.sub("", text).split("\n")
    return "\n".join(line for line in lines if line)


@cache
def library(parts: frozenset[str]) -> str:
    """Return the text of the parts asked for and of those every script has."""
    unknown = parts.difference(PARTS)
    if unknown:
        raise KeyError(f"no such part of the runtime: {sorted(unknown)}")
    chosen = parts | ALWAYS
    return "\n".join(part(name) for name in PARTS if name in chosen)
