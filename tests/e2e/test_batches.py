"""What a workflow's steps can do on the nodes."""

from pathlib import Path

import pytest
from tests.e2e.workflows import host_job
from tests.support.grid import Actor, ended, log_of
from tools.devnet.grid import Devnet

from deepsquare.chain import JobStatus

GROUPED = """
enableLogging: true
resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 64, gpus: 0}
env:
  - {key: GREETING, value: "it's $HOME, \\"quoted\\""}
steps:
  - name: prepare
    steps:
      - name: write
        run:
          command: printf '%s' "$GREETING" > "$STORAGE_PATH/note"
      - name: count
        run:
          env:
            - {key: UNIT, value: bytes}
          command: echo "$(wc -c < "$STORAGE_PATH/note") $UNIT" > "$STORAGE_PATH/size"
  - name: read
    run:
      command: |
        cat "$STORAGE_PATH/note"; echo
        cat "$STORAGE_PATH/size"
        echo "unit:${UNIT-unset}"
"""


SPREAD = """
enableLogging: true
resources: {tasks: 5, cpusPerTask: 1, memPerCpu: 64, gpus: 0}
steps:
  - name: one task a CPU
    run:
      resources: {tasks: 5, cpusPerTask: 1, memPerCpu: 64}
      command: printenv SLURMD_NODENAME
"""


@pytest.mark.parametrize(
    "workflow",
    [host_job("srun --overlap -N2 -n2 printenv SLURMD_NODENAME", tasks=5), SPREAD],
    ids=["srun in a step", "a step of five tasks"],
)
def test_two_node_job__asked_for_node_names__prints_both(
    workflow: str, actor: Actor, grid: Devnet
) -> None:
    """Five tasks need both nodes of four CPUs each."""
    job = actor.submit(workflow)
    result = ended(job)
    assert result.status is JobStatus.FINISHED, result.tail
    names = set(grid.slurm.node_names)
    assert names.intersection(log_of(job)) == names


def test_steps__of_a_group__share_environment_and_files(actor: Actor) -> None:
    job = actor.submit(GROUPED)
    result = ended(job)
    assert result.status is JobStatus.FINISHED, result.tail
    log = log_of(job)
    assert 'it\'s $HOME, "quoted"' in log
    assert "20 bytes" in log
    assert "unit:unset" in log


def test_storage__when_the_job_has_ended__is_gone(actor: Actor, grid: Devnet) -> None:
    job = actor.submit(host_job('echo "at $STORAGE_PATH"; touch "$STORAGE_PATH/kept"'))
    assert ended(job).status is JobStatus.FINISHED
    [storage] = [line.removeprefix("at ") for line in log_of(job) if line.startswith("at /")]
    assert Path(storage).is_relative_to(grid.folder)
    assert Path(storage).parent.is_dir()
    assert not Path(storage).exists()
