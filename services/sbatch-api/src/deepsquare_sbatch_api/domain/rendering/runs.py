"""A `run` to one call of the runtime (workflow.md 3.11): options of srun, program, options."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from deepsquare.workflow import JobResources, StepRun, StepRunResources
from deepsquare_sbatch_api.domain.rendering.environment import entries
from deepsquare_sbatch_api.domain.rendering.scopes import Place
from deepsquare_sbatch_api.domain.rendering.shell import (
    ArrayAssignment,
    Assignment,
    Command,
    Function,
    HereDocument,
    Literal,
    Node,
    Var,
    Word,
)

LARGE_TEXT_BYTES = 1024
"""From this size on, a text of several lines goes through a here-document (W-REN-6)."""

DEFAULT_SHELL = "/bin/sh"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_JOB_NAME_LENGTH = 64


@dataclass(slots=True)
class RenderedRun:
    """Functions of a run, the runtime parts they call and the tools those need."""

    nodes: list[Node] = field(default_factory=list)
    parts: set[str] = field(default_factory=set)
    tools: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class RunRenderer:
    """Renders runs of one job."""

    resources: JobResources

    def render(self, run: StepRun, *, name: str, place: Place) -> RenderedRun:
        """Render the body function of a run step, and what it needs."""
        rendered = RenderedRun()
        body = self._host(run, name, place, rendered)
        rendered.nodes.append(Function(place.function("body"), body))
        return rendered

    def _host(self, run: StepRun, name: str, place: Place, rendered: RenderedRun) -> list[Node]:
        if not run.command:
            return [Command("return", [Literal("0")])]
        shell = DEFAULT_SHELL if run.shell in (None, "ENTRYPOINT") else run.shell
        own = run.resources or StepRunResources()
        program: list[Word] = [Literal(shell), Literal("-c")]
        nodes = text_into(run.command, program, place=place, nodes=rendered.nodes)
        nodes.append(ArrayAssignment("__ds_srun", self.srun_options(run, name or place.path)))
        nodes.append(ArrayAssignment("__ds_program", program))
        nodes.append(ArrayAssignment("__ds_options", [Literal(o) for o in options(run)]))
        env = self._environment(run, place, rendered)
        words = [place.path, "host", env, str(own.gpus_per_task)]
        nodes.append(Command("__ds_run", [Literal(word) for word in words]))
        return nodes

    def _environment(self, run: StepRun, place: Place, rendered: RenderedRun) -> str:
        if not run.env:
            return ""
        function = place.function("env")
        rendered.nodes.append(entries(function, run.env))
        return function

    def srun_options(self, run: StepRun, name: str) -> Sequence[Word]:
        """Return the options of W-RUN-1 but those that are always the same."""
        own, job = run.resources or StepRunResources(), self.resources
        words = [
            f"--job-name={_UNSAFE.sub('_', name)[:_JOB_NAME_LENGTH]}",
            "--exact",
            f"--ntasks={own.tasks}",
            f"--cpus-per-task={own.cpus_per_task or job.cpus_per_task}",
            f"--mem-per-cpu={own.mem_per_cpu or job.mem_per_cpu}M",
        ]
        if run.mpi is not None:
            words.append(f"--mpi={run.mpi}")
        if run.disable_cpu_binding:
            words.append("--cpu-bind=none")
        if job.gpus:
            words.append(f"--gpus-per-task={own.gpus_per_task}")
            words.append(f"--gpus={own.gpus_per_task * own.tasks}")
        return [Literal(word) for word in words]


def options(run: StepRun) -> list[str]:
    """Return the ``key=value`` words that the node's program reads, customer's values included."""
    chosen: list[str] = []
    if run.work_dir is not None:
        chosen.append(f"directory={run.work_dir}")
    return chosen


def entrypoint_words(command: str) -> list[str]:
    """Split the command of `shell: ENTRYPOINT` by POSIX rules, without expansion (V-WORDS)."""
    return shlex.split(command)


def text_into(text: str, words: list[Word], *, place: Place, nodes: list[Node]) -> list[Node]:
    """Append a text to words: as it is, or read from a here-document by a function of its own.

    Returns the nodes that must stand before the words are used.
    """
    if "\n" not in text or len(text.encode("utf-8", "surrogatepass")) < LARGE_TEXT_BYTES:
        words.append(Literal(text))
        return []
    function = place.function("text")
    # Bash keeps here-documents in files of TMPDIR, which must be the job's own storage.
    temporary = Assignment("TMPDIR", Var("__ds_state"), is_local=True)
    nodes.append(Function(function, [temporary, HereDocument("__ds_text", text)]))
    words.append(Var("__ds_text"))
    return [Assignment("__ds_text", Literal(""), is_local=True), Command(function)]
