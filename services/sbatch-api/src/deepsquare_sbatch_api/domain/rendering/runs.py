"""A `run` to one call of the runtime (workflow.md 3.11): options of srun, program, options."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deepsquare.workflow import ContainerRun, JobResources, StepRun, StepRunResources
from deepsquare_sbatch_api.domain.rendering.containers import (
    ImageBook,
    container_options,
    runtime_of,
)
from deepsquare_sbatch_api.domain.rendering.draft import Draft
from deepsquare_sbatch_api.domain.rendering.environment import entries
from deepsquare_sbatch_api.domain.rendering.images import is_from_registry
from deepsquare_sbatch_api.domain.rendering.networks import VirtualNetworks, network_options
from deepsquare_sbatch_api.domain.rendering.scopes import Place
from deepsquare_sbatch_api.domain.rendering.shell import (
    ArrayAssignment,
    Assignment,
    Command,
    Function,
    HereDocument,
    Node,
    Sequential,
    Word,
    literal,
    variable,
)
from deepsquare_sbatch_api.domain.rendering.words import split_words

LARGE_TEXT_BYTES = 1024
"""From this size on, a text of several lines goes through a here-document (W-REN-6)."""

DEFAULT_SHELL = "/bin/sh"
_MOUNTS = "warning: mounts of step {} are deprecated"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_JOB_NAME_LENGTH = 64
_DEFAULTS = StepRunResources()


@dataclass(frozen=True, slots=True)
class RunRenderer:
    """Renders runs of one job."""

    resources: JobResources
    images: ImageBook
    networks: VirtualNetworks
    draft: Draft

    def render(self, run: StepRun, *, name: str, place: Place) -> None:
        """Render the body function of a run step, and what it needs."""
        if run.container is None and not run.command:
            body: list[Node] = [Command("return", [literal("0")])]
        else:
            body = self._body(run, name or place.path, place)
        self.draft.nodes.append(Function(place.function("body"), body))

    def _body(self, run: StepRun, name: str, place: Place) -> list[Node]:
        own = run.resources or _DEFAULTS
        where = runtime_of(run.container) if run.container is not None else "host"
        program: list[Word] = []
        nodes = _program(run, program, place=place, draft=self.draft)
        nodes.append(ArrayAssignment("__ds_srun", self.srun_options(run, name)))
        nodes.append(ArrayAssignment("__ds_program", program))
        nodes.append(ArrayAssignment("__ds_options", self._options(run)))
        if run.container is not None:
            nodes += self._container(run.container, place)
        _note_parts(run, where, self.draft)
        env = self._environment(run, place)
        words = [place.path, where, env, str(own.gpus_per_task)]
        nodes.append(Command("__ds_run", [literal(word) for word in words]))
        return nodes

    def _options(self, run: StepRun) -> list[Word]:
        options = [*task_options(run), *network_options(run, self.networks)]
        words: list[Word] = [literal(option) for option in options]
        if run.container is not None:
            words += container_options(run.container, self.images.facts_of(run.container))
        return words

    def _container(self, container: ContainerRun, place: Place) -> list[Node]:
        nodes: list[Node] = []
        if container.mounts:
            nodes.append(Command("__ds_say", [literal(_MOUNTS.format(place.path))]))
        if container.x11:
            nodes.append(Command("__ds_use_x11"))
        nodes.append(Sequential([self.images.use(container)]))
        if is_from_registry(container):
            self.draft.parts.add("images")
            self.draft.tools |= {"cat", "cp", "flock", "grep", "tee", "tr"}
        return nodes

    def _environment(self, run: StepRun, place: Place) -> str:
        if not run.env:
            return ""
        function = place.function("env")
        self.draft.nodes.append(entries(function, run.env))
        return function

    def srun_options(self, run: StepRun, name: str) -> Sequence[Word]:
        """Return the options of W-RUN-1 but those that are always the same."""
        own, job = run.resources or _DEFAULTS, self.resources
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
        if job.gpus and run.container is not None:
            words.append("--gpu-bind=none")
        if job.gpus:
            words.append(f"--gpus-per-task={own.gpus_per_task}")
            words.append(f"--gpus={own.gpus_per_task * own.tasks}")
        return [literal(word) for word in words]


def task_options(run: StepRun) -> list[str]:
    """Return the ``key=value`` words of a task, customer's values included."""
    chosen: list[str] = []
    if run.work_dir is not None:
        chosen.append(f"directory={run.work_dir}")
    if run.map_uid is not None:
        chosen.append(f"uid={run.map_uid}")
    if run.map_gid is not None:
        chosen.append(f"gid={run.map_gid}")
    if run.container is not None and (run.shell == "ENTRYPOINT" or not run.command):
        chosen.append("entrypoint=1")
    return chosen


def _program(run: StepRun, program: list[Word], *, place: Place, draft: Draft) -> list[Node]:
    """Fill in the words of the program; returns nodes that must stand before (W-RUN-7)."""
    if run.container is not None and not run.command:
        return []
    if run.container is not None and run.shell == "ENTRYPOINT":
        program += [literal(word) for word in split_words(run.command)]
        return []
    shell = DEFAULT_SHELL if run.shell in (None, "ENTRYPOINT") else run.shell
    program += [literal(shell), literal("-c")]
    return text_into(run.command, program, place=place, nodes=draft.nodes)


def _note_parts(run: StepRun, where: str, draft: Draft) -> None:
    has_network = run.network not in (None, "host")
    if run.map_uid is not None or run.map_gid is not None:
        draft.tools.add("unshare")
    if where != "host":
        draft.parts |= {"node_supervisor", "node_container", f"node_{where}"}
        draft.tools.add(where)
    if has_network:
        draft.parts |= {"node_supervisor", "node_network"}
        draft.tools |= {"cat", "ip", "mount", "unshare", run.network or ""}
        draft.tools |= set(_interface_tools(run))
    if where != "host" or has_network:
        draft.parts |= {"containers", "node_clean"}


def _interface_tools(run: StepRun) -> Iterator[str]:
    for interface in run.custom_network_interfaces:
        if interface.bore is not None:
            yield from ("bore", "nsenter")
        else:
            yield from ("nsenter", "wg", "wg-quick")


def text_into(text: str, words: list[Word], *, place: Place, nodes: list[Node]) -> list[Node]:
    """Append a text to words: as it is, or read from a here-document by a function of its own.

    Returns the nodes that must stand before the words are used.
    """
    if "\n" not in text or len(text.encode("utf-8", "surrogatepass")) < LARGE_TEXT_BYTES:
        words.append(literal(text))
        return []
    function = place.function("text")
    # Bash keeps here-documents in files of TMPDIR, which must be the job's own storage.
    temporary = Assignment("TMPDIR", variable("__ds_state"), is_local=True)
    nodes.append(Function(function, [temporary, HereDocument("__ds_text", text)]))
    words.append(variable("__ds_text"))
    return [Assignment("__ds_text", literal(""), is_local=True), Sequential([Command(function)])]
