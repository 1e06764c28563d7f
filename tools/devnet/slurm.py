"""A private Slurm on this machine: own munged, slurmctld and slurmd nodes under one folder.

    with scratch_folder() as folder, PrivateSlurm(folder) as slurm:
        subprocess.run(["sbatch", "job.sh"], env={**os.environ, **slurm.environment})

It needs root and Debian's slurm-wlm and munge, and never touches another Slurm or munge of the
machine: every socket, port, key, state file and control group is its own. `stop` ends jobs and
daemons and removes the control groups; the folder stays for whoever made it.
"""

import logging
import os
import secrets
import shutil
import socket
import string
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.devnet import cgroups, leftovers, slurm_config
from tools.devnet.accounting import AccountingDatabase
from tools.devnet.errors import DevnetError
from tools.devnet.ports import free_ports
from tools.devnet.processes import Daemon, StartFailed
from tools.devnet.slurm_config import Cluster, Node
from tools.devnet.waiting import NeverHappened, wait_until

log = logging.getLogger(__name__)

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "setpriv")
_CALL_TIMEOUT_S = 60
_SOCKET_PATH_MAX = 107
"""unix(7); a slurmstepd whose socket's path is longer ends at once, and the job as CANCELLED."""

_STARTS = 3
"""Another program may take a free port before Slurm does; then all is started on other ports."""


class SlurmCommandFailed(DevnetError):
    """One of Slurm's commands refused; carries its message."""


class SlurmUnavailable(DevnetError):
    """The machine or the folder cannot carry a private Slurm; says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The nodes to claim, which may be more than the machine has, and Slurm's patience."""

    nodes: int = 2
    cpus_per_node: int = 2
    memory_mb_per_node: int = 4096
    min_job_age_s: int = 300
    """How long a finished job stays in the queue's memory."""
    kill_wait_s: int = 5
    """Between SIGTERM and SIGKILL of a job that is cancelled or out of time."""
    has_database: bool = False
    """Whether slurmdbd runs as well, for `sacct` without `-c`; it needs Debian's mariadb-server."""


class PrivateSlurm:
    """See the module. Use it as a context manager, or call `start` and `stop`."""

    def __init__(self, folder: Path, *, layout: Layout | None = None) -> None:
        _check_machine()
        _check_folder(folder)
        self.folder = folder
        self.why_no_cgroups = cgroups.why_unusable()
        if self.why_no_cgroups:
            log.warning("Slurm runs without cgroups: %s", self.why_no_cgroups)
        self.layout = layout or Layout()
        self._configure()

    def _configure(self) -> None:
        self._cluster = _cluster(self.folder, self.layout, has_cgroups=self.why_no_cgroups is None)
        self.munged = _munged(self._cluster)
        self.database: AccountingDatabase | None = None
        if self.layout.has_database:
            self.database = AccountingDatabase(self.folder, munge_socket=self._cluster.munge_socket)
            self._cluster = replace(self._cluster, dbd_port=self.database.dbd_port)
        self.controller = self._daemon("slurmctld", "-D", "-i")
        self.node_daemons = {
            name: self._daemon("slurmd", "-D", "-N", name) for name in self.node_names
        }

    def _daemon(self, *argv: str) -> Daemon:
        name = "-".join([argv[0], *(part for part in argv[1:] if not part.startswith("-"))])
        return Daemon(
            name, argv, log_file=self.folder / "log" / f"{name}.log", env=self._daemon_environment
        )

    @property
    def environment(self) -> dict[str, str]:
        """What a program that calls Slurm's commands must find in its environment."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    @property
    def _daemon_environment(self) -> dict[str, str]:
        return {**self.environment, "DEEPSQUARE_DEVNET": str(self.folder)}

    @property
    def node_names(self) -> tuple[str, ...]:
        """Names of the nodes, unique to this cluster."""
        return tuple(node.name for node in self._cluster.nodes)

    @property
    def completion_log(self) -> Path:
        """The file to which jobcomp/filetxt writes a line for each ended job (`sacct -c`)."""
        return self._cluster.completion_log

    def run(self, *argv: str) -> str:
        """Run one of Slurm's commands and return its output; a failure raises with its message."""
        done = subprocess.run(
            argv,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=_CALL_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            raise SlurmCommandFailed(f"{' '.join(argv)}: {done.stderr.strip()}")
        return done.stdout

    def start(self) -> None:
        """Start all daemons and return when every node is idle."""
        for _ in range(_STARTS - 1):
            try:
                self._start()
            except StartFailed as error:
                log.warning("starting Slurm again: %s", error)
                self.stop()
                self._configure()
            else:
                return
        self._start()

    def _start(self) -> None:
        _write_files(self._cluster)
        self.munged.start(is_ready=self._cluster.munge_socket.exists)
        if self.database:
            self.database.start()
            self.run("sacctmgr", "--immediate", "add", "cluster", self._cluster.name)
        self.start_controller()
        for daemon in self.node_daemons.values():
            daemon.start()
        self.controller.wait_ready(self._are_nodes_idle, timeout_s=90)

    def start_controller(self) -> None:
        """Start slurmctld, also again after `controller.kill()`, and wait until it answers."""
        self.controller.start(is_ready=lambda: self._answers("scontrol", "ping"))

    def stop(self) -> None:
        """End every job and daemon and remove what they made outside the folder."""
        if self.controller.is_running():
            self._end_jobs()
        for daemon in [*self.node_daemons.values(), self.controller]:
            daemon.stop()
        if self.database:
            self.database.stop()
        self.munged.stop()
        leftovers.kill_processes_with(f"DEEPSQUARE_DEVNET={self.folder}")
        cgroups.end_nodes(self.node_names)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def job_ids(self) -> list[str]:
        """Return the ids of jobs that have not ended, whosever they are."""
        return self.run("squeue", "--noheader", "--all", "--format=%A").split()

    def _end_jobs(self) -> None:
        try:
            if job_ids := self.job_ids():
                self.run("scancel", *job_ids)
            wait_until(
                lambda: not self.job_ids(),
                what="jobs ended",
                timeout_s=self.layout.kill_wait_s + 10,
            )
        except (SlurmCommandFailed, NeverHappened, subprocess.TimeoutExpired) as error:
            log.warning("jobs did not end by themselves: %s", error)

    def _answers(self, *argv: str) -> bool:
        try:
            self.run(*argv)
        except SlurmCommandFailed:
            return False
        return True

    def _are_nodes_idle(self) -> bool:
        try:
            states = self.run("sinfo", "--noheader", "--Node", "--format=%t").split()
        except SlurmCommandFailed:
            return False
        return states == ["idle"] * len(self.node_names)


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise SlurmUnavailable("run it as root: Slurm starts jobs as other users")
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        raise SlurmUnavailable(f"not installed: {', '.join(missing)}; run tools/setup.sh")


def _check_folder(folder: Path) -> None:
    longest = len(str(folder)) + len("/spool/abcde99/abcde99_9999999.4294967291")
    if longest > _SOCKET_PATH_MAX:
        raise SlurmUnavailable(
            f"{folder} is {longest - _SOCKET_PATH_MAX} characters too long for the sockets below it"
        )
    for parent in [folder, *folder.parents]:
        if not parent.stat().st_mode & 0o001:
            raise SlurmUnavailable(
                f"{parent} is closed to other users, who are to run jobs below it"
            )


def _cluster(folder: Path, layout: Layout, *, has_cgroups: bool) -> Cluster:
    controller_port, *node_ports = free_ports(1 + layout.nodes)
    # Slurm names a node's control group after the node: names must not repeat on the machine.
    token = "".join(secrets.choice(string.ascii_lowercase) for _ in range(5))
    return Cluster(
        name=f"devnet_{token}",
        folder=folder,
        hostname=socket.gethostname().split(".")[0],
        controller_port=controller_port,
        nodes=tuple(
            Node(
                name=f"{token}{number}",
                port=port,
                cpus=layout.cpus_per_node,
                memory_mb=layout.memory_mb_per_node,
            )
            for number, port in enumerate(node_ports, start=1)
        ),
        has_cgroups=has_cgroups,
        real_cpus=len(os.sched_getaffinity(0)),
        min_job_age_s=layout.min_job_age_s,
        kill_wait_s=layout.kill_wait_s,
    )


def _munged(cluster: Cluster) -> Daemon:
    folder = cluster.folder / "munge"
    log_file = cluster.folder / "log" / "munged.log"
    argv = [
        "munged",
        "--foreground",
        "--force",
        f"--socket={cluster.munge_socket}",
        f"--key-file={folder}/key",
        f"--pid-file={folder}/pid",
        f"--seed-file={folder}/seed",
        f"--log-file={cluster.folder}/log/munged-events.log",
    ]
    return Daemon("munged", argv, log_file=log_file)


def _write_files(cluster: Cluster) -> None:
    shutil.rmtree(cluster.folder / "state", ignore_errors=True)
    for name in ("munge", "state", "run", "log", *(f"spool/{node.name}" for node in cluster.nodes)):
        (cluster.folder / name).mkdir(parents=True, exist_ok=True)
    key = cluster.folder / "munge" / "key"
    key.unlink(missing_ok=True)
    key.touch(mode=0o400)
    key.write_bytes(secrets.token_bytes(1024))
    (cluster.folder / "slurm.conf").write_text(slurm_config.slurm_conf(cluster))
    if cluster.has_cgroups:
        (cluster.folder / "cgroup.conf").write_text(slurm_config.cgroup_conf(cluster))
