"""The configuration files of a private Slurm, as pure functions of what it should be.

Written for Slurm 22.05 (Debian 12); see slurm.conf(5) and cgroup.conf(5).
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node of the cluster: what it claims to have, and the port of its slurmd."""

    name: str
    port: int
    cpus: int
    memory_mb: int


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """All that the files say."""

    name: str
    folder: Path
    hostname: str
    controller_port: int
    nodes: tuple[Node, ...]
    has_cgroups: bool
    """Limits by cgroup/v1; without, a job over its memory is ended by Slurm's accounting poll."""
    real_cpus: int
    """CPUs of the machine: a node that claims more cannot have its jobs pinned."""
    min_job_age_s: int
    kill_wait_s: int
    dbd_port: int | None = None
    """Port of this cluster's own slurmdbd; without, the completion log is the only accounting."""

    @property
    def pins_cpus(self) -> bool:
        """Whether jobs are bound to the CPUs they were given."""
        return self.has_cgroups and all(node.cpus <= self.real_cpus for node in self.nodes)

    @property
    def munge_socket(self) -> Path:
        """Where this cluster's own munged listens."""
        return self.folder / "munge" / "socket"

    @property
    def completion_log(self) -> Path:
        """The file of jobcomp/filetxt."""
        return self.folder / "log" / "jobcomp.log"


def slurm_conf(cluster: Cluster) -> str:
    """Render slurm.conf."""
    sections = [
        _identity(cluster),
        _places(cluster),
        _limits(cluster),
        _scheduling(cluster),
        _accounting(cluster),
        [_node_line(node, cluster.hostname) for node in cluster.nodes],
        ["PartitionName=main Nodes=ALL Default=YES State=UP MaxTime=INFINITE DefMemPerCPU=256"],
    ]
    return "".join(f"{line}\n" for section in sections for line in section)


def cgroup_conf(cluster: Cluster) -> str:
    """Render cgroup.conf, which is read only where cgroups are used."""
    pins = "yes" if cluster.pins_cpus else "no"
    return f"CgroupPlugin=cgroup/v1\nConstrainCores={pins}\nConstrainRAMSpace=yes\n"


def _identity(cluster: Cluster) -> list[str]:
    return [
        f"ClusterName={cluster.name}",
        f"SlurmctldHost={cluster.hostname}(127.0.0.1)",
        f"SlurmctldPort={cluster.controller_port}",
        "SlurmUser=root",
        "SlurmdUser=root",
        "AuthType=auth/munge",
        f"AuthInfo=socket={cluster.munge_socket}",
        "CredType=cred/munge",
    ]


def _places(cluster: Cluster) -> list[str]:
    folder = cluster.folder
    return [
        f"StateSaveLocation={folder}/state",
        f"SlurmdSpoolDir={folder}/spool/%n",
        f"SlurmctldPidFile={folder}/run/slurmctld.pid",
        f"SlurmdPidFile={folder}/run/slurmd-%n.pid",
    ]


def _limits(cluster: Cluster) -> list[str]:
    if not cluster.has_cgroups:
        return [
            "ProctrackType=proctrack/linuxproc",
            "TaskPlugin=task/none",
            "JobAcctGatherType=jobacct_gather/linux",
            "JobAcctGatherFrequency=task=1",
            "JobAcctGatherParams=OverMemoryKill",
        ]
    affinity = ",task/affinity" if cluster.pins_cpus else ""
    return [
        "ProctrackType=proctrack/cgroup",
        f"TaskPlugin=task/cgroup{affinity}",
        "JobAcctGatherType=jobacct_gather/cgroup",
    ]


def _scheduling(cluster: Cluster) -> list[str]:
    return [
        "SelectType=select/cons_tres",
        "SelectTypeParameters=CR_Core_Memory",
        # Believe the numbers below even where the machine has fewer CPUs.
        "SlurmdParameters=config_overrides",
        "LaunchParameters=enable_nss_slurm",
        "SchedulerParameters=batch_sched_delay=0",
        "ReturnToService=2",
        "MpiDefault=none",
        f"MinJobAge={cluster.min_job_age_s}",
        f"KillWait={cluster.kill_wait_s}",
    ]


def _accounting(cluster: Cluster) -> list[str]:
    completion = ["JobCompType=jobcomp/filetxt", f"JobCompLoc={cluster.completion_log}"]
    if cluster.dbd_port is None:
        return completion
    return [
        *completion,
        "AccountingStorageType=accounting_storage/slurmdbd",
        "AccountingStorageHost=127.0.0.1",
        f"AccountingStoragePort={cluster.dbd_port}",
        # The munge socket for slurmdbd; AuthInfo is not asked for it (slurm.conf(5)).
        f"AccountingStoragePass={cluster.munge_socket}",
        "AccountingStoreFlags=job_comment",
    ]


def _node_line(node: Node, hostname: str) -> str:
    return (
        f"NodeName={node.name} NodeHostname={hostname} NodeAddr=127.0.0.1 Port={node.port} "
        f"CPUs={node.cpus} RealMemory={node.memory_mb} State=UNKNOWN"
    )
