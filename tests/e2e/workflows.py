"""Workflows of the tests: host steps only, written as text as a customer writes them."""

import textwrap


def host_job(*commands: str, tasks: int = 1, memory_mb: int = 64) -> str:
    """Return a workflow with one step for each command."""
    steps = "".join(_step(number, command) for number, command in enumerate(commands, start=1))
    return (
        "enableLogging: true\n"
        f"resources: {{tasks: {tasks}, cpusPerTask: 1, memPerCpu: {memory_mb}, gpus: 0}}\n"
        f"steps:\n{steps}"
    )


def _step(number: int, command: str) -> str:
    text = textwrap.indent(textwrap.dedent(command).strip(), " " * 8)
    return f"  - name: step {number}\n    run:\n      command: |\n{text}\n"
