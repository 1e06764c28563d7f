"""Containers of a real Apptainer, from image files (workflow.md 3.11; conformance 8, 33)."""

import signal
from pathlib import Path
from typing import Any

import pytest
from tests.support.batch import BatchSite, a_job, a_run, processes_left
from tests.support.customer import give_to_customer

from deepsquare.workflow import ContainerRun, EnvVar, Mount, Step
from deepsquare.workflow.model import StepRunResources

pytestmark = pytest.mark.integration

HOSTILE = " a,b \"c\" 'd' $(x) `y` ${z} \\n \\u000A \\ é\n\n lines \n"


@pytest.fixture
def hosted(site: BatchSite, image_files: Path) -> BatchSite:
    """The site, which offers the image files as hosted images."""
    site.settings["HOSTED_IMAGES"] = str(image_files)
    return site


def in_image(command: str, image: str = "entry.sif", **fields: Any) -> Step:
    box: dict[str, Any] = {"image": image, "deepsquare_hosted": True, **fields.pop("container", {})}
    return a_run(command, container=ContainerRun(**box), **fields)


def an_env(**values: str) -> tuple[EnvVar, ...]:
    return tuple(EnvVar(key=key, value=value) for key, value in values.items())


@pytest.mark.parametrize("image", ["plain.sif", "entry.sif", "sandbox", "team/image:1.0"])
def test_command__in_an_image__runs_in_it_as_the_customer(hosted: BatchSite, image: str) -> None:
    """W-APT-1, W-RUN-7, W-STO-1."""
    command = 'id -u; pwd; echo "$0 $STORAGE_PATH"; echo x >"$STORAGE_PATH/file"; readlink /bin/sh'
    result = hosted.run(a_job(in_image(command, image), a_run('cat "$STORAGE_PATH/file"')))
    assert (result.code, result.lines) == (0, ["5", "/", "/bin/sh /deepsquare", "busybox", "x"]), (
        result.stderr
    )


@pytest.mark.parametrize("image", ["entry.sif", "sandbox"])
@pytest.mark.parametrize("is_read_only", [False, True])
def test_root__of_an_image__is_writable_unless_asked_otherwise(
    hosted: BatchSite, image: str, is_read_only: bool
) -> None:
    """W-APT-1."""
    step = in_image(
        "touch /new 2>/dev/null && echo writable || echo read-only",
        image,
        container={"read_only_root_fs": is_read_only},
    )
    result = hosted.run(a_job(step, step))
    assert result.lines == ["read-only" if is_read_only else "writable"] * 2, result.stderr


def test_values__in_a_real_container__arrive_byte_for_byte(hosted: BatchSite) -> None:
    """W-ENV-1, W-ENV-2, W-RUN-2."""
    hosted.environment |= {"HOST_LINES": "1\n2", "HOST_EMPTY": "", "BOTH_SAY": "host"}
    hosted.environment |= {"LANG": "C.UTF-8", "HOME": "/host home", "odd-name": "x"}
    step = in_image(
        """
        printf '%s|' "$JOB" "$STEP" "$HOST_LINES" "${HOST_EMPTY-unset}" "$BOTH_SAY" "$IMAGE_SAYS"
        printf '%s|' "$LANG" "$HOME" "$NTASKS" "$(env | grep -c -e ^UID=77 -e ^RANDOM=4)"
        echo K=v,w >>"$DEEPSQUARE_ENV"
        """,
        env=an_env(STEP=HOSTILE, UID="77", RANDOM="4"),
    )
    later = in_image('echo "$K|$IMAGE_SAYS|$HOME"', env=an_env(IMAGE_SAYS="step", HOME="/my home"))
    result = hosted.run(a_job(step, later, env=an_env(JOB=HOSTILE)))
    assert result.stdout == (
        f"{HOSTILE}|{HOSTILE}|1\n2||image|image, says|C.UTF-8|/host home|1|2|v,w|step|/my home\n"
    ), result.stderr
    assert not any("lines" in word for call in result.calls for word in call)


LEVELS = ("host", "image", "job", "file", "step")


@pytest.mark.parametrize("highest", LEVELS)
def test_levels__of_one_name__hide_those_below(hosted: BatchSite, highest: str) -> None:
    """W-ENV-1, W-ENV-6, W-STO-1, W-STO-4; conformance 9."""
    present = LEVELS[: LEVELS.index(highest) + 1]
    hosted.environment["BOTH_SAY"] = "host"
    hosted.environment["STORAGE_PATH"] = hosted.environment["NTASKS"] = "host"
    steps = [a_run("echo BOTH_SAY=file >>$DEEPSQUARE_ENV")] if "file" in present else []
    show = in_image(
        'echo "$BOTH_SAY $STORAGE_PATH $NTASKS"',
        "entry.sif" if "image" in present else "plain.sif",
        env=an_env(BOTH_SAY="step") if "step" in present else (),
    )
    job = a_job(*steps, show, env=an_env(BOTH_SAY="job") if "job" in present else ())
    result = hosted.run(job)
    assert result.lines == [f"{highest} /deepsquare 1"], result.stderr


@pytest.mark.parametrize("image", ["entry.sif", "sandbox"])
@pytest.mark.parametrize(
    ("shell", "command", "lines"),
    [
        (None, 'echo "$0"', ["/bin/sh"]),
        ("/bin/ash", 'echo "$0"', ["/bin/ash"]),
        (
            "ENTRYPOINT",
            "a 'b  \"c' $HOME `x` \\$\\(y\\) ''",
            ['<entry point><a><b  "c><$HOME><`x`><$(y)><>'],
        ),
        (None, "", ["<entry point><default 'arg'><$HOME>"]),
        ("ENTRYPOINT", "", ["<entry point><default 'arg'><$HOME>"]),
    ],
)
def test_program__for_each_shell__is_the_right_one(
    hosted: BatchSite, image: str, shell: str | None, command: str, lines: list[str]
) -> None:
    """W-RUN-7, W-APT-1, W-APT-2."""
    result = hosted.run(a_job(in_image(command, image, shell=shell)))
    assert (result.code, result.lines) == (0, lines), result.stderr


@pytest.mark.parametrize("shell", [None, "ENTRYPOINT"])
def test_code__of_the_workload__is_the_steps(hosted: BatchSite, shell: str | None) -> None:
    """W-APT-2, W-RUN-3."""
    step = in_image("exit 7", shell=shell, env=(EnvVar(key="SHOW_CODE", value="7"),))
    assert hosted.run(a_job(step)).code == 7


@pytest.mark.parametrize("is_read_only", [False, True])
@pytest.mark.parametrize("work_dir", [None, "/deepsquare/new dir", "/bin"])
def test_directory__in_a_container__is_the_one_asked_for(
    hosted: BatchSite, work_dir: str | None, is_read_only: bool
) -> None:
    """W-RUN-6."""
    step = in_image("pwd", work_dir=work_dir, container={"read_only_root_fs": is_read_only})
    assert hosted.run(a_job(step)).lines == [work_dir or "/"]


def test_gpu_flag__without_gpus_on_the_node__is_harmless(hosted: BatchSite) -> None:
    """W-APT-1."""
    step = in_image("echo ran", resources=StepRunResources(tasks=1, gpus_per_task=1))
    result = hosted.run(a_job(step, gpus=1))
    assert (result.code, result.lines) == (0, ["ran"]), result.stderr
    assert any("--nv" in call for call in result.calls_of("apptainer"))


def test_entrypoint__of_an_image_without_one__is_a_shell(hosted: BatchSite) -> None:
    """W-APT-1: what `apptainer run` does."""
    words = in_image("-c 'echo \"$0 $@\"' a 'b c'", "root", shell="ENTRYPOINT")
    result = hosted.run(a_job(words, in_image("", "root")))
    assert (result.code, result.lines) == (0, ["a b c"]), result.stderr


def test_binds__of_a_container__are_at_their_places(hosted: BatchSite) -> None:
    """W-STO-1, W-RUN-4 and the binds of 3.11."""
    source = hosted.root / "a b;c'd"
    home = hosted.root / "home dir"
    for folder in (source, home, hosted.root / "x11"):
        folder.mkdir()
        give_to_customer(folder)
    (source / "file").write_text("bound\n")
    hosted.settings["X11"] = str(hosted.root / "x11")
    hosted.environment["HOME"] = str(home)
    step = in_image(
        """
        cat '/m x/file'; touch '/m x/y' 2>/dev/null || echo read-only; touch '/rw/y'
        for d in "$DEEPSQUARE_TMP" "$DEEPSQUARE_SHARED_WORLD_TMP" "$DEEPSQUARE_DISK_TMP" \\
          "$DEEPSQUARE_DISK_WORLD_TMP" "$HOME"; do touch "$d/made"; done
        touch /tmp/.X11-unix/x 2>/dev/null || ls -d /tmp/.X11-unix
        """,
        container={
            "mounts": (
                Mount(host_dir=str(source), container_dir="/m x", options="ro"),
                Mount(host_dir=str(source), container_dir="/rw", options=""),
            ),
            "mount_home": True,
            "x11": True,
            "read_only_root_fs": True,
        },
    )
    result = hosted.run(a_job(step))
    assert (result.code, result.lines) == (0, ["bound", "read-only", "/tmp/.X11-unix"]), (
        result.stderr
    )
    for made in ("shared/made", "world/made", "disk/made", "disk-world/made", "home dir/made"):
        assert (hosted.root / made).exists(), made
    assert (source / "y").exists()


def test_home__unless_asked_for__is_not_there(hosted: BatchSite) -> None:
    """W-APT-1: contained, no home."""
    (hosted.root / "home" / "secret").touch()
    hosted.environment["HOME"] = str(hosted.root / "home")
    step = in_image('ls "$HOME/secret" /etc/apt 2>/dev/null || echo hidden')
    assert hosted.run(a_job(step)).lines == ["hidden"]


@pytest.mark.parametrize("image", ["entry.sif", "sandbox"])
@pytest.mark.parametrize("network", [None, "slirp4netns", "pasta"])
@pytest.mark.parametrize("uid", [None, 0])
def test_user_and_network__of_a_container__are_those_asked_for(
    hosted: BatchSite, image: str, network: str | None, uid: int | None
) -> None:
    """W-RUN-5, W-NET-1, W-NET-3, W-NET-5."""
    has_network = network is not None
    command = "id -u; grep -c net0 /proc/net/dev; grep -c 10.9.8.7 /etc/resolv.conf; exit 4"
    step = in_image(
        command,
        image,
        network=network,
        map_uid=uid,
        dns=("10.9.8.7",) if has_network else (),
    )
    result = hosted.run(a_job(step))
    expected = ["0" if uid == 0 else "5", *["1" if has_network else "0"] * 2]
    assert (result.code, result.lines) == (4, expected), result.stderr
    assert list((hosted.root / "disk").iterdir()) == []


@pytest.mark.parametrize("network", [None, "pasta"])
def test_root__in_a_container__may_mount_and_write_everywhere(
    hosted: BatchSite, network: str | None
) -> None:
    """W-RUN-5."""
    command = "mkdir /a /b && touch /a/x /bin/new && mount --bind /a /b && ls /b"
    result = hosted.run(a_job(in_image(command, network=network, map_uid=0, map_gid=0)))
    assert (result.code, result.lines) == (0, ["x"]), result.stderr


@pytest.mark.parametrize("network", [None, "pasta"])
@pytest.mark.parametrize("form", ["shell", "entrypoint"])
def test_term__reaches_the_workload__which_ends_by_itself(
    hosted: BatchSite, network: str | None, form: str
) -> None:
    """W-SIG-4, W-SIG-5, W-NET-3."""
    waiting = "trap 'echo ended; exit 0' TERM; echo up; for i in $(seq 300); do sleep 0.1; done"
    if form == "shell":
        step = in_image(waiting, network=network)
    else:
        step = in_image("", network=network, env=an_env(SHOW_RUNS=waiting))
    step = Step(run=step.run, finally_=(a_run("echo finally"),))
    with hosted.start(a_job(step)) as batch:
        batch.wait_for_output("up\n")
        batch.signal(signal.SIGTERM)
        result = batch.result()
    assert (result.code, result.lines) == (143, ["up", "ended", "finally"]), result.stderr
    assert processes_left(batch.process.pid, within_s=10) == []
    assert list((hosted.root / "disk").iterdir()) == []


def test_workload__ended_by_a_signal__gives_128_and_its_number(hosted: BatchSite) -> None:
    """W-RUN-3, W-APT-2."""
    steps = (in_image("kill -KILL $$", step_catch=(a_run('echo "$DEEPSQUARE_ERROR_CODE"'),)),)
    result = hosted.run(a_job(*steps, in_image("kill -USR1 $$")))
    assert (result.code, result.lines) == (128 + signal.SIGUSR1, ["137"]), result.stderr


def test_image__in_the_storage__is_found_where_a_step_left_it(
    site: BatchSite, image_files: Path
) -> None:
    """The table of 3.12, W-IMG-2: file images are never fetched."""
    copy = a_run(
        f"cp -r '{image_files}'/{{entry.sif,sandbox}} \"$STORAGE_PATH\"", shell="/bin/bash"
    )
    steps = [
        a_run("echo $IMAGE_SAYS", container=ContainerRun(image=image, apptainer=True))
        for image in ("/entry.sif", "/../sandbox")
    ]
    result = site.run(a_job(copy, *steps))
    assert (result.code, result.lines) == (0, ["image, says"] * 2), result.stderr
    assert {call[0] for call in result.calls_of("apptainer")} == {"exec"}


def test_image__that_is_missing__fails_the_step_with_apptainers_message(hosted: BatchSite) -> None:
    """W-IMG-2, W-APT-2."""
    result = hosted.run(a_job(in_image("echo never", "missing.sif")))
    assert (result.code, result.lines) == (255, [])
    assert "missing.sif" in result.stderr
