"""A batch keeps to its site's places and tools, and never just waits (conformance 42, 43)."""

import dataclasses
import shlex
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sbatch_api.rendering.corpus import hello_world
from tests.support.batch import STUB_TOOLS, BatchSite, a_job, a_run
from tests.support.s3 import S5CMD, S3Server, s3_server

from deepsquare.workflow import (
    ContainerRun,
    EnvVar,
    ForRange,
    Job,
    Step,
    StepAsyncLaunch,
    StepFor,
    TransportData,
)
from deepsquare_sbatch_api.domain.rendering import ImageFacts, image_references

pytestmark = pytest.mark.integration

ENCLOSED = Path(__file__).parents[2] / "support" / "enclosed.sh"
NO_HOME = "/var/lib/nobody-here"


@pytest.fixture
def s3(site: BatchSite) -> Iterator[S3Server]:
    site.environment["REAL_S5CMD"] = str(S5CMD)
    with s3_server() as server:
        yield server


def of_many_kinds(s3: S3Server) -> Job:
    """Return a job with transfers, all kinds of steps and bodies, and both container runtimes."""
    enroot = ContainerRun(image="library/alpine:latest", registry="docker.io")
    apptainer = dataclasses.replace(enroot, apptainer=True)
    hosted = ContainerRun(image="a/tool:1", deepsquare_hosted=True)
    long = f": {shlex.quote('x' * 100_000)}; "
    note = 'printf "A<<E\\n1\\n2\\nE\\n" >>"$DEEPSQUARE_ENV"; '
    files = (
        'for d in "$DEEPSQUARE_TMP" "$DEEPSQUARE_SHARED_WORLD_TMP" "$DEEPSQUARE_DISK_TMP" '
        '"$DEEPSQUARE_DISK_WORLD_TMP"; do echo 1 >"$d/kept"; done; '
        'cp -r "$DEEPSQUARE_INPUT/." "$DEEPSQUARE_OUTPUT"'
    )
    loop = StepFor(
        parallel=True,
        range=ForRange(begin=1, end=3),
        steps=(a_run('echo "I=$index" >>"$DEEPSQUARE_ENV"', step_if_="$index -gt 1"),),
    )
    job = a_job(
        Step(launch=StepAsyncLaunch(handle_name="h", steps=(a_run(f"{note}sleep 0.2"),))),
        a_run(long + files, step_depends_on=("h",), env=(EnvVar(key="L", value="v" * 90_000),)),
        Step(for_=loop),
        a_run("exit 3", step_catch=(a_run("true"),), step_finally_=(a_run("true"),)),
        a_run("sleep 9", step_timeout=1, step_retries=1, step_catch=(a_run("true"),)),
        *(a_run("true", container=container) for container in (enroot, apptainer, hosted)),
        tasks=4,
    )
    return dataclasses.replace(
        job,
        input=TransportData(s3=s3.data("/in")),
        output=TransportData(s3=s3.data("/out")),
        continuous_output_sync=True,
    )


@pytest.mark.parametrize(("with_apptainer", "touched"), [(False, ""), (True, "/tmp\n")])
def test_places__that_the_site_names__are_the_only_ones_touched(
    site: BatchSite, s3: S3Server, with_apptainer: bool, touched: str
) -> None:
    """W-SITE-1, W-STO-5, W-IMG-5, W-IMG-6: neither the defaults, nor a home, nor /tmp.

    The stand-in for Apptainer is bubblewrap, which builds its root over /tmp.
    """
    s3.put("prefix/in/file")
    (site.root / "hosted" / "a" / "tool:1").mkdir(parents=True)
    (site.root / "images").mkdir()
    site.settings |= {
        "HOSTED_IMAGES": str(site.root / "hosted"),
        "IMAGE_CACHE": str(site.root / "images"),
        "SYNC_SECONDS": "1",
    }
    site.environment["HOME"] = NO_HOME
    site.launcher = ["bash", str(ENCLOSED), str(site.root)]
    job = of_many_kinds(s3)
    if not with_apptainer:
        job = dataclasses.replace(job, steps=job.steps[:-2])
    facts = {image: ImageFacts(digest=f"sha256:{'a' * 64}") for image in image_references(job)}
    given = {path.name for path in site.root.iterdir()}
    result = site.run(job, images=facts)
    assert result.code == 0, result.stderr
    assert (site.root / "touched").read_text() == touched
    assert "prefix/out/file" in s3.objects()
    made = {path.name for path in site.root.iterdir() if not path.name.startswith("calls")} - given
    own = {"script.sh", "stdout", "stderr", "touched", ".aside"}
    assert made - own <= {"enroot-run", "enroot-cache", "enroot-data", "apptainer-tmp"}
    assert list((site.root / "storage").iterdir()) == []
    for name in ("shared", "world", "disk", "disk-world"):
        assert (site.root / name / "kept").exists()


def test_workloads__see_no_temporary_directory_of_the_script(site: BatchSite) -> None:
    """W-ENV-1: one that the site sets arrives."""
    assert site.run(a_job(a_run('echo "${TMPDIR-none}"'))).lines == ["none"]
    site.environment["TMPDIR"] = "/var/tmp"
    assert site.run(a_job(a_run('echo "${TMPDIR-none}"'))).lines == ["/var/tmp"]


def test_enclosure__of_a_step_that_strays__notices_it(site: BatchSite) -> None:
    """The test above can fail."""
    site.launcher = ["bash", str(ENCLOSED), str(site.root)]
    result = site.run(a_job(a_run("touch /tmp/stray; rm /etc/hostname")))
    assert result.code == 0
    touched = (site.root / "touched").read_text().split()
    assert {"/tmp/stray", "/etc/hostname"} <= set(touched)
    assert Path("/etc/hostname").exists()


TOOLS_OF_KINDS = ["s5cmd", "enroot", "apptainer", "flock", "tar", "file", "find", "srun"]


@pytest.mark.parametrize("missing", TOOLS_OF_KINDS)
def test_tool__that_is_missing__is_told_before_anything_is_done(
    site: BatchSite, s3: S3Server, missing: str
) -> None:
    """W-SITE-3, W-LIFE-5: no storage, no request, no step."""
    folder = site.root / "bin"
    folder.mkdir()
    for place in (STUB_TOOLS, Path("/usr/bin"), Path("/bin")):
        for program in place.iterdir():
            link = folder / program.name
            if program.name != missing and not link.is_symlink():
                link.symlink_to(program)
    site.settings["PATH"] = ""
    site.environment["PATH"] = str(folder)
    result = site.run(of_many_kinds(s3))
    assert result.code == 127
    assert f"these tools are missing on this site: {missing}\n" in result.stderr
    assert (s3.requests, result.calls, result.stdout) == ([], [], "")
    assert list((site.root / "storage").iterdir()) == []


def recorded_sleep(site: BatchSite) -> Path:
    """Put a `sleep` before the real one that notes its calls; return the notes."""
    folder, notes = site.root / "noting", site.root / "sleeps"
    folder.mkdir()
    real = shutil.which("sleep")
    (folder / "sleep").write_text(f'#!/bin/sh\necho "$@" >>{notes}\nexec {real} "$@"\n')
    (folder / "sleep").chmod(0o755)
    site.settings["PATH"] = f"{folder}:{STUB_TOOLS}"
    return notes


def test_hello_world__on_its_way_to_success__never_sleeps(site: BatchSite) -> None:
    """W-SITE-5."""
    notes = recorded_sleep(site)
    assert site.run(hello_world()).code == 0
    assert not notes.exists()


def test_any_job__whatever_it_waits_for__never_sleeps_by_itself(
    site: BatchSite, s3: S3Server
) -> None:
    """W-SITE-5: only the customer's own sleeps are there."""
    s3.put("prefix/in/file")
    (site.root / "hosted" / "a" / "tool:1").mkdir(parents=True)
    site.settings["HOSTED_IMAGES"] = str(site.root / "hosted")
    notes = recorded_sleep(site)
    assert site.run(of_many_kinds(s3)).code == 0
    assert set(notes.read_text().split()) == {"0.2", "9"}


def test_wait__for_a_launch__ends_as_soon_as_it_has_ended(site: BatchSite) -> None:
    """W-SITE-5, W-SIG-2: told by an event; a poll or a fixed pause would add to each round."""
    quick = Step(launch=StepAsyncLaunch(handle_name="h", steps=(a_run("true"),)))
    rounds = 12
    steps = (quick, a_run("true", step_depends_on=("h",)))
    loop = StepFor(range=ForRange(begin=1, end=rounds), steps=steps)
    started = time.monotonic()
    assert site.run(a_job(Step(for_=loop), tasks=2)).code == 0
    assert time.monotonic() - started < rounds * 0.8 + 3


@pytest.mark.parametrize("helper", ["slirp4netns", "pasta"])
def test_readiness__of_a_network_helper__is_noticed_soon_after_it_comes(
    site: BatchSite, helper: str
) -> None:
    """W-SITE-5, W-NET-2: neither before, nor at the deadline."""
    delay_s, begun = 1.0, site.root / "begun"
    folder = site.root / "slow"
    folder.mkdir()
    real = shutil.which(helper)
    (folder / helper).write_text(
        f'#!/bin/sh\ndate +%s.%N >{begun}\nsleep {delay_s}\nexec {real} "$@"\n'
    )
    (folder / helper).chmod(0o755)
    site.settings["PATH"] = f"{folder}:{STUB_TOOLS}"
    result = site.run(a_job(a_run("date +%s.%N; ip -o link show net0", network=helper)))
    assert result.code == 0, result.stderr
    waited_s = float(result.lines[0]) - float(begun.read_text())
    assert delay_s <= waited_s < delay_s + 20
    assert "net0" in result.lines[1]


@pytest.mark.parametrize(
    "line", ["IFS=:", "set -f", "set -o noclobber", "set -k", "shopt -s failglob nocasematch"]
)
def test_profile__that_changes_the_shell__changes_nothing(site: BatchSite, line: str) -> None:
    """W-LIFE-5: the script is a login shell."""
    (site.root / "home" / ".bash_profile").write_text(f"{line}\n")
    site.launcher = ["bash", "-c", 'exec "$1" -l "${@:2}"', "bash"]
    site.settings |= {"PRE_HOOK": "/bin/pwd", "POST_HOOK": "/bin/pwd"}
    note = 'echo "KEY=a b" >>"$DEEPSQUARE_ENV"; echo "key=lower" >>"$DEEPSQUARE_ENV"'
    loop = StepFor(parallel=True, items=("*",), steps=(a_run('echo "$item $KEY $key"'),))
    result = site.run(a_job(a_run(note), Step(for_=loop)))
    assert (result.code, result.lines[1:-1]) == (0, ["* a b lower"])
    assert len(result.lines) == 3
