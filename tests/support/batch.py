"""Runs batch scripts with real bash on a pretended site: stub tools, directories of its own."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from deepsquare.workflow import Job, JobResources, Step, StepRun
from deepsquare_sbatch_api.domain.rendering import ImageFacts, ImageReference, render

STUB_TOOLS = Path(__file__).parent / "stub_tools"
AS_OWNER = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
"""A launcher of batches for which the modes of files hold though root runs them."""
NONCE = "0123456789abcdef" * 2
Images: TypeAlias = Mapping[ImageReference, ImageFacts]
NO_IMAGES: Images = {}


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a batch left: its code, its output, and the calls of the stub tools."""

    code: int
    stdout: str
    stderr: str
    calls: list[list[str]]

    def calls_of(self, tool: str) -> list[list[str]]:
        """Return the argument lists of a tool, without its name."""
        return [call[1:] for call in self.calls if call[0] == tool]

    @property
    def lines(self) -> list[str]:
        """Lines of stdout without those of the script itself."""
        return [line for line in self.stdout.splitlines() if not line.startswith("Running: ")]


@dataclass(slots=True)
class BatchSite:
    """A pretended site below one directory, and how batches run there."""

    root: Path
    shell: str = os.environ.get("BATCH_SHELL", "/bin/bash")
    settings: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    launcher: list[str] = field(default_factory=list)
    """Words before the shell and the script, which become another user or enter a namespace."""

    def __post_init__(self) -> None:
        for name in ("storage", "shared", "world", "disk", "disk-world", "home"):
            (self.root / name).mkdir(parents=True)

    @property
    def storage(self) -> Path:
        """Where the storage of the job is while it runs."""
        return self.root / "storage" / "0xjob.7"

    def variables(self) -> dict[str, str]:
        """Return the environment the supervisor and Slurm would give to the batch."""
        site = {
            "PATH": str(STUB_TOOLS),
            "STORAGE_ROOT": str(self.root / "storage"),
            "SHARED_TMP": str(self.root / "shared"),
            "SHARED_WORLD_TMP": str(self.root / "world"),
            "DISK_TMP": str(self.root / "disk"),
            "DISK_WORLD_TMP": str(self.root / "disk-world"),
            "ENROOT_RUNTIME": str(self.root / "enroot-run"),
            "ENROOT_CACHE": str(self.root / "enroot-cache"),
            "ENROOT_DATA": str(self.root / "enroot-data"),
            "APPTAINER_TMP": str(self.root / "apptainer-tmp"),
            "GRACE_SECONDS": "2",
            "STOP_SECONDS": "8",
            **self.settings,
        }
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "LANG": "C.UTF-8",
            "SLURM_JOB_ID": "7",
            "SLURM_JOB_NAME": "0xjob",
            "SLURM_JOB_NUM_NODES": "1",
            "STUB_CALLS": str(self.root / "calls"),
            **self.environment,
            **{f"DEEPSQUARE_SITE_{name}": value for name, value in site.items()},
        }

    def run(self, job: Job, *, timeout_s: float = 180, images: Images = NO_IMAGES) -> BatchResult:
        """Run a job to its end."""
        with self.start(job, images=images) as batch:
            return batch.result(timeout_s)

    @contextmanager
    def start(self, job: Job, *, images: Images = NO_IMAGES) -> Iterator["RunningBatch"]:
        """Start a job; at the end of the block it is killed if it still runs."""
        script = self.root / "script.sh"
        script.write_text(render(job, nonce=NONCE, images=images).script)
        with (self.root / "stdout").open("wb") as out, (self.root / "stderr").open("wb") as err:
            process = subprocess.Popen(
                [*self.launcher, self.shell, str(script)],
                env=self.variables(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.root,
                start_new_session=True,
            )
        batch = RunningBatch(self, process)
        try:
            yield batch
        finally:
            batch.kill()


@dataclass(slots=True)
class RunningBatch:
    """A batch that was started."""

    site: BatchSite
    process: "subprocess.Popen[bytes]"

    def signal(self, number: int) -> None:
        """Send a signal to the batch shell, as `scancel --batch` does."""
        self.process.send_signal(number)

    def wait_for(self, condition: Callable[[], bool], *, timeout_s: float = 90) -> None:
        """Wait until a condition holds; fails when the batch ends before."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"never happened; so far:\n{self.site_output()}")
            time.sleep(0.01)

    def wait_for_output(self, text: str) -> None:
        """Wait until a text stands in stdout or stderr."""
        self.wait_for(lambda: text in self.site_output())

    def site_output(self) -> str:
        """Return stdout and stderr so far."""
        return (self.site.root / "stdout").read_text() + (self.site.root / "stderr").read_text()

    def result(self, timeout_s: float = 180) -> BatchResult:
        """Wait for the end."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the batch hangs; so far:\n{self.site_output()}") from None
        return BatchResult(
            code=code,
            stdout=(self.site.root / "stdout").read_text(errors="surrogateescape"),
            stderr=(self.site.root / "stderr").read_text(errors="surrogateescape"),
            calls=_read_calls(self.site.root / "calls"),
        )

    def kill(self) -> None:
        """Kill what is left of the batch: all processes of its session."""
        for pid in processes_of_session(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()


def processes_left(session: int, *, within_s: float = 15) -> list[str]:
    """Describe the processes of a session that do not end within a moment.

    The kernel may take that long to end what was killed with its namespace.
    """
    deadline = time.monotonic() + within_s
    while (left := processes_of_session(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [_described(pid) for pid in left]


def _described(pid: int) -> str:
    folder = Path("/proc") / str(pid)
    try:
        stat = (folder / "stat").read_text().rpartition(")")[2].split()
        words = (folder / "cmdline").read_text().replace("\0", " ")
        return f"{pid} of {stat[1]}, {stat[0]} in {(folder / 'wchan').read_text()}: {words}"
    except OSError:
        return f"{pid}, gone by now"


def processes_of_session(session: int) -> list[int]:
    """Return the living processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == str(session) and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def _read_calls(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    records = path.read_text(errors="surrogateescape").split("\0\n")
    return [record.split("\0") for record in records if record]


def a_job(*steps: Step, tasks: int = 1, cpus: int = 1, gpus: int = 0, **fields: Any) -> Job:
    """Build a job with small resources."""
    resources = JobResources(tasks=tasks, cpus_per_task=cpus, mem_per_cpu=100, gpus=gpus)
    return Job(resources=resources, steps=steps, **fields)


def a_run(command: str, **fields: Any) -> Step:
    """Build a step that runs a command on the host; step fields may be given with `step_`."""
    own = {key[5:]: fields.pop(key) for key in list(fields) if key.startswith("step_")}
    return Step(run=StepRun(command=command, **fields), **own)
