"""What a workflow's steps can do on the nodes."""

from tests.e2e.workflows import host_job
from tests.support.grid import Actor, log_of
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


def test_srun__on_two_nodes__prints_two_node_names(actor: Actor, grid: Devnet) -> None:
    """Five tasks need both nodes of four CPUs each."""
    job = actor.submit(host_job("srun --overlap -N2 printenv SLURMD_NODENAME", tasks=5))
    result = job.wait()
    assert result.status is JobStatus.FINISHED, result.tail
    assert {line for line in log_of(job) if line in grid.slurm.node_names} == set(
        grid.slurm.node_names
    )


def test_steps__of_a_group__share_environment_and_files(actor: Actor) -> None:
    job = actor.submit(GROUPED)
    result = job.wait()
    assert result.status is JobStatus.FINISHED, result.tail
    log = log_of(job)
    assert 'it\'s $HOME, "quoted"' in log
    assert "20 bytes" in log
    assert "unit:unset" in log


def test_storage__when_the_job_has_ended__is_gone(actor: Actor, grid: Devnet) -> None:
    job = actor.submit(host_job('echo "at $STORAGE_PATH"; touch "$STORAGE_PATH/kept"'))
    assert job.wait().status is JobStatus.FINISHED
    assert any(line.startswith("at /") for line in log_of(job))
    assert list(grid.folder.rglob(f"{job.id}*")) == []
