"""Containers of a real Apptainer, from real registries (workflow.md 3.12; conformance 32, 34)."""

import signal
from typing import Any

import pytest
from tests.support.batch import BatchResult, BatchSite, a_job, a_run, processes_left
from tests.support.registry import OPEN, PASSWORD, PRIVATE, REPOSITORY, USER, Registries
from tests.support.registry_images import WORKING_DIRECTORY

from deepsquare.workflow import ContainerRun, ForRange, Step, StepFor
from deepsquare_sbatch_api.domain.rendering import ImageFacts, image_references

pytestmark = pytest.mark.integration


@pytest.fixture
def connected(site: BatchSite, registries: Registries) -> BatchSite:
    """The site, from which the registries can be reached."""
    site.environment |= registries.environment
    site.settings["IMPORT_SECONDS"] = "5"
    registries.proxy.forget()
    return site


def in_image(command: str, tag: str = "entry", *, registry: str = OPEN, **fields: Any) -> Step:
    own = {**fields.pop("credentials", {}), **fields.pop("container", {})}
    box = ContainerRun(image=f"{REPOSITORY}:{tag}", registry=registry, apptainer=True, **own)
    return a_run(command, container=box, **fields)


def fetches(result: BatchResult) -> list[list[str]]:
    return [call for call in result.calls_of("apptainer") if call[0] == "pull"]


def test_image__of_a_registry__is_fetched_and_run(connected: BatchSite) -> None:
    """W-IMG-1, W-IMG-2, W-IMG-4, W-APT-1."""
    unused = in_image("echo never", "missing", step_if_="1 -eq 2")
    steps = (unused, in_image('echo "$IMAGE_SAYS"'), in_image(""), in_image("echo x", "plain"))
    result = connected.run(a_job(*steps))
    assert (result.code, result.lines) == (
        0,
        ["image, says", "<entry point><default 'arg'><$HOME>", "x"],
    ), result.stderr
    assert [call[-1] for call in fetches(result)] == [
        f"docker://{OPEN}/{REPOSITORY}:entry",
        f"docker://{OPEN}/{REPOSITORY}:plain",
    ]
    assert not (connected.root / "home" / ".apptainer").exists()
    assert list((connected.root / "apptainer-tmp").iterdir()) == []


def test_image__used_by_many_at_once__is_fetched_once_by_digest(
    connected: BatchSite, registries: Registries
) -> None:
    """W-IMG-1, W-IMG-2, W-IMG-3, W-RUN-6."""
    one = in_image("pwd")
    loop = StepFor(parallel=True, range=ForRange(begin=1, end=3), steps=(one,), max_parallel=3)
    job = a_job(Step(for_=loop), one, tasks=3)
    digest = registries.digests["entry"]
    facts = ImageFacts(digest=digest, working_directory=WORKING_DIRECTORY)
    result = connected.run(job, images=dict.fromkeys(image_references(job), facts))
    assert (result.code, result.lines) == (0, [WORKING_DIRECTORY] * 4), result.stderr
    assert [call[-1] for call in fetches(result)] == [f"docker://{OPEN}/{REPOSITORY}@{digest}"]


@pytest.mark.parametrize(
    ("directory", "is_read_only", "expected"),
    [("/bin", True, "/bin"), ("/not there", False, "/not there"), ("/not there", True, "/")],
)
def test_directory__of_an_image__is_entered_or_made_or_warned_of(
    connected: BatchSite, directory: str, is_read_only: bool, expected: str
) -> None:
    """W-RUN-6: an image's configuration may name a folder that its layers do not have."""
    job = a_job(in_image("pwd", container={"read_only_root_fs": is_read_only}))
    facts = ImageFacts(working_directory=directory)
    result = connected.run(job, images=dict.fromkeys(image_references(job), facts))
    assert (result.code, result.lines) == (0, [expected]), result.stderr
    assert ("no working directory" in result.stderr) == (expected != directory)


def test_image__by_a_digest_that_the_registry_has_not__is_refused(connected: BatchSite) -> None:
    """W-IMG-3, W-IMG-4."""
    job = a_job(in_image("echo never"))
    facts = ImageFacts(digest="sha256:" + "ab" * 32)
    result = connected.run(job, images=dict.fromkeys(image_references(job), facts))
    assert (result.code, result.lines) == (255, [])
    assert "manifest unknown" in result.stderr
    assert len(fetches(result)) == 1


def test_image_cache__of_the_site__serves_the_next_job(
    connected: BatchSite, registries: Registries
) -> None:
    """W-IMG-5."""
    connected.settings["IMAGE_CACHE"] = str(connected.root / "shared" / "kept")
    job = a_job(in_image("echo ran"))
    facts = ImageFacts(digest=registries.digests["entry"])
    images = dict.fromkeys(image_references(job), facts)
    assert connected.run(job, images=images).lines == ["ran"]
    registries.proxy.forget()
    assert connected.run(job, images=images).lines == ["ran"]
    assert registries.proxy.calls == []


def test_credentials__of_a_private_image__reach_only_its_fetch(
    connected: BatchSite, registries: Registries
) -> None:
    """W-IMG-6, W-LIFE-6, W-ENV-2: any password, seen by nobody else."""
    credentials = {"username": USER, "password": PASSWORD}
    command = 'env | grep -F "$(printf "p a")"; ls -A "$STORAGE_PATH/.deepsquare" | grep -c private'
    step = in_image(command, "plain", registry=PRIVATE, credentials=credentials)
    result = connected.run(a_job(step))
    assert (result.code, result.lines) == (1, ["0"]), result.stderr
    assert registries.proxy.calls.count(PRIVATE) > 0
    assert any("pull" in words for words in registries.proxy.arguments)
    assert not any(PASSWORD in words for words in registries.proxy.arguments)
    assert PASSWORD not in result.stdout + result.stderr
    assert not any((connected.root / "home").iterdir())


@pytest.mark.parametrize("password", [None, "wrong"])
def test_private_image__without_the_right_password__fails_at_once(
    connected: BatchSite, password: str | None
) -> None:
    """W-IMG-4, W-IMG-6."""
    credentials = {"username": USER, "password": password} if password else {}
    step = in_image("echo never", "plain", registry=PRIVATE, credentials=credentials)
    result = connected.run(a_job(step))
    assert (result.code, result.lines) == (255, [])
    assert "authentication required" in result.stderr
    assert len(fetches(result)) == 1


def test_image__that_no_registry_has__fails_all_its_users_at_once(connected: BatchSite) -> None:
    """W-IMG-2, W-IMG-4."""
    one = in_image("echo never", "missing")
    loop = StepFor(parallel=True, items=("a", "b"), steps=(one,), max_parallel=2)
    result = connected.run(a_job(Step(for_=loop), tasks=2))
    assert (result.code, result.lines) == (255, [])
    assert len(fetches(result)) == 1


def test_registry__that_cannot_be_reached__is_asked_until_the_deadline(
    connected: BatchSite, registries: Registries
) -> None:
    """W-IMG-4."""
    result = connected.run(a_job(in_image("echo never", registry="nowhere.test")))
    assert (result.code, result.lines) == (255, [])
    assert len(fetches(result)) in (2, 3)
    assert "the next attempt follows in 1 s" in result.stderr


def test_fetch__ended_by_a_signal__leaves_nothing(
    connected: BatchSite, registries: Registries
) -> None:
    """W-SIG-1, W-LIFE-1, W-LIFE-2, W-IMG-5."""
    with registries.proxy.held(), connected.start(a_job(in_image("echo never"))) as batch:
        batch.wait_for(lambda: bool(registries.proxy.calls))
        batch.signal(signal.SIGTERM)
        result = batch.result()
        assert processes_left(batch.process.pid, within_s=10) == []
    assert (result.code, result.lines) == (143, [])
    for name in ("apptainer-tmp", "storage", "disk"):
        assert list((connected.root / name).iterdir()) == [], name


def test_container__that_is_killed__leaves_nothing(connected: BatchSite) -> None:
    """W-SIG-4, W-LIFE-2: also where Apptainer unpacks the image for each task.

    With FUSE, a killed Apptainer leaves its drivers to Slurm, which ends all processes of a step.
    """
    connected.environment["APPTAINER_UNSQUASH"] = "1"
    command = "trap '' TERM; echo up; for i in $(seq 300); do sleep 0.1; done"
    fetch, killed = in_image("true", "plain"), in_image(command, "plain", step_timeout=4)
    with connected.start(a_job(fetch, killed)) as batch:
        result = batch.result()
        assert processes_left(batch.process.pid, within_s=10) == []
    assert (result.code, result.lines) == (124, ["up"]), result.stderr
    for name in ("apptainer-tmp", "storage", "disk"):
        assert list((connected.root / name).iterdir()) == [], name
