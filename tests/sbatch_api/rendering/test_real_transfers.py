"""Transfers and modules of a batch on a real Slurm, as the customer's user."""

import dataclasses
import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sbatch_api.modules.repositories import Repository
from tests.sbatch_api.rendering.test_transfers import FileServer, files, server
from tests.support.batch import a_job, a_run
from tests.support.customer import CUSTOMER
from tests.support.s3 import S5CMD, S3Server, s3_server
from tests.support.slurm_batch import SlurmSite

from deepsquare.workflow import HTTPData, Job, TransportData, parse_workflow
from deepsquare_sbatch_api.app.planning import RenderingPlanner
from deepsquare_sbatch_api.entrypoints.planner import OutsideWorld, planner_for

__all__ = ["files", "server"]
pytestmark = pytest.mark.integration

COPY = 'cp -r "$DEEPSQUARE_INPUT/." "$DEEPSQUARE_OUTPUT"; id -un; '


@pytest.fixture
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def s3_site(slurm_site: SlurmSite) -> SlurmSite:
    """Offer s5cmd where the customer may run it."""
    tools = slurm_site.folder / "tools"
    tools.mkdir()
    shutil.copy(S5CMD, tools)
    slurm_site.settings["PATH"] = str(tools)
    return slurm_site


def with_s3(s3: S3Server, command: str) -> Job:
    return dataclasses.replace(
        a_job(a_run(command)),
        input=TransportData(s3=s3.data("/in")),
        output=TransportData(s3=s3.data("/out", delete_sync=True)),
        continuous_output_sync=True,
    )


def test_s3__on_real_slurm__brings_and_takes_files(s3_site: SlurmSite, s3: S3Server) -> None:
    """W-IN-3, W-OUT-2, W-STO-5."""
    for key in ("in/a b", "in/d/ü", "out/old"):
        s3.put(f"prefix/{key}")
    batch = s3_site.submit(with_s3(s3, COPY))
    assert "JobState=COMPLETED" in batch.ending(), batch.output
    assert batch.lines[-1] == CUSTOMER.pw_name
    assert {key for key in s3.objects() if "/out/" in key} == {"prefix/out/a b", "prefix/out/d/ü"}
    assert list((batch.folder / "storage").iterdir()) == []


def test_s3__of_a_cancelled_batch__is_uploaded_and_nothing_deleted(
    s3_site: SlurmSite, s3: S3Server
) -> None:
    """W-OUT-1, W-OUT-2, W-SYNC-2, W-SIG-7, W-SUP-3."""
    s3.put("prefix/in/a")
    s3.put("prefix/out/old")
    batch = s3_site.submit(with_s3(s3, f"{COPY}echo up; sleep 60"))
    batch.wait_for("up")
    batch.terminate()
    assert "ExitCode=143:0" in batch.ending(), batch.output
    assert {"prefix/out/a", "prefix/out/old"} <= set(s3.objects())
    assert list((batch.folder / "storage").iterdir()) == []


def test_http__on_real_slurm__brings_an_archive_and_takes_a_zip(
    slurm_site: SlurmSite, server: FileServer, files: dict[str, bytes]
) -> None:
    """W-IN-1, W-IN-2, W-OUT-3."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("d/x", "data")
    files["/in.zip"] = raw.getvalue()
    job = dataclasses.replace(
        a_job(a_run(COPY)),
        input=TransportData(http=HTTPData(url=f"{server.url}/r/in.zip")),
        output=TransportData(http=HTTPData(url=f"{server.url}/up/")),
    )
    batch = slurm_site.submit(job)
    assert "JobState=COMPLETED" in batch.ending(), batch.output
    assert batch.lines[-1] == "http://get/it/up/output.zip"
    with zipfile.ZipFile(io.BytesIO(files["/up/output.zip"])) as archive:
        assert archive.read("d/x") == b"data"


MODULE = """
name: greet
inputs: [{key: WHO, default: nobody}]
outputs: [{key: GREETING}]
steps:
  - run: {command: 'echo "GREETING=hello $WHO, $(id -un)" >>"$DEEPSQUARE_ENV"'}
  {{- .Step.Use.Steps | toYaml | nindent 2 }}
"""
DOCUMENT = """
resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 10, gpus: 0}
steps:
  - use:
      source: h.org/o/greet@v1
      args: [{key: WHO, value: "it's $you"}]
      exportEnvAs: M
      steps:
        - run: {command: 'echo "child of $WHO"'}
  - if: '"$M_GREETING" == hello*'
    run: {command: 'echo "$M_GREETING"'}
"""


async def test_module__of_a_git_repository__runs_on_real_slurm(
    slurm_site: SlurmSite, tmp_path: Path
) -> None:
    """W-USE-1, W-USE-2, W-USE-3, W-MOD-6."""
    repository = Repository.create(tmp_path / "mirror" / "o" / "greet")
    repository.commit({"module.yaml": MODULE}, tag="v1")
    world = OutsideWorld(image_lookup="off", module_mirrors={"h.org": tmp_path / "mirror"})
    planner = planner_for(world, has_modules=True)
    assert isinstance(planner, RenderingPlanner)
    batch = slurm_site.submit((await planner.preparation.prepare(parse_workflow(DOCUMENT))).job)
    assert "JobState=COMPLETED" in batch.ending(), batch.output
    assert batch.lines == ["child of it's $you", f"hello it's $you, {CUSTOMER.pw_name}"]
