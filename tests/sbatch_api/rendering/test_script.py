"""The text of the script: header, determinism, quoting, size, shellcheck (conformance 39 to 41)."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sbatch_api.rendering.corpus import CASES, PUBLISHED, case
from tests.support.batch import NONCE, BatchSite, a_job, a_run
from tests.support.processor_time import least_processor_seconds

from deepsquare.hashing import batch_location_hash
from deepsquare.workflow import (
    EnvVar,
    Job,
    NetworkInterface,
    Step,
    StepFor,
    VirtualNetwork,
    VNet,
)
from deepsquare_sbatch_api.domain.rendering import ScriptTooLarge, library, render
from deepsquare_sbatch_api.domain.rendering.shell import (
    Command,
    HereDocument,
    InvalidName,
    InvalidText,
    Node,
    delimiter,
    literal,
    variable,
    write_script,
)

GOLDEN = Path(__file__).parent / "golden"
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)
HOSTILE = st.sampled_from(
    ["'", '"', "$(touch x)", "`id`", "\\", "\n", "EOF", "#SBATCH --x", "'\\''", "{}", "!!", "\r\n"]
)
ANY = st.one_of(TEXT, st.lists(st.one_of(HOSTILE, TEXT), max_size=6).map("".join))


def shellcheck(script: Path, *options: str) -> str:
    argv = ["shellcheck", "-S", "warning", "-s", "bash", *options, str(script)]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def test_header__of_any_script__is_fixed_and_followed_by_a_command() -> None:
    """W-REN-2, W-REN-3, W-REN-8, W-LOG-2."""
    job = a_job(a_run("#SBATCH --exclusive", step_name="#SBATCH -p x"), enable_logging=True)
    lines = render(job, nonce=NONCE).script.split("\n")
    assert lines[:5] == [
        "#!/bin/bash -l",
        "# deepsquare-workflow: 1",
        f"# nonce: {NONCE}",
        "# logging: on",
        "set -euo pipefail",
    ]
    assert not [line for line in lines if line.startswith("#SBATCH")]


def test_logging__on_or_off__differs_in_one_line() -> None:
    """W-LOG-2."""
    on, off = (
        render(a_job(a_run("true"), enable_logging=flag), nonce=NONCE).script.split("\n")
        for flag in (True, False)
    )
    assert [(a, b) for a, b in zip(on, off, strict=True) if a != b] == [
        ("# logging: on", "# logging: off")
    ]


@pytest.mark.parametrize("nonce", ["", "0" * 31, "G" * 32, "A" * 32, "0" * 31 + "\n"])
def test_nonce__when_malformed__is_refused(nonce: str) -> None:
    """W-REN-2."""
    with pytest.raises(ValueError, match="32 lower-case hex digits"):
        render(a_job(), nonce=nonce)


@pytest.mark.parametrize("name", CASES)
def test_script__of_each_case__is_exactly_the_golden_one(name: str) -> None:
    """W-REN-1: the generated part; the fixed library has tests of its own."""
    script = render(case(name), nonce=NONCE).script
    generated = script[script.index("__ds_tasks=") :]
    path = GOLDEN / f"{name}.sh"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(generated)
    assert generated == path.read_text()


@pytest.mark.parametrize("name", PUBLISHED)
def test_generated_part__of_published_workflows__passes_shellcheck(
    name: str, tmp_path: Path
) -> None:
    """W-REN-9; without the runtime, which the next tests check, variables look unused."""
    text = render(case(name), nonce=NONCE).script
    script = tmp_path / "script.sh"
    script.write_text(text[text.index("__ds_tasks=") :])
    assert shellcheck(script, "--exclude=SC2034,SC2154") == ""


@pytest.mark.parametrize("name", ["flow", "everything"])
def test_script__with_its_runtime__passes_shellcheck(name: str, tmp_path: Path) -> None:
    """W-REN-9."""
    script = tmp_path / "script.sh"
    script.write_text(render(case(name), nonce=NONCE).script)
    assert shellcheck(script) == ""


def test_runtime__with_all_parts__passes_shellcheck(tmp_path: Path) -> None:
    """W-REN-9: suppressions stand next to their reason."""
    folder = Path(library.__file__).parent / "runtime"
    script = tmp_path / "all.sh"
    texts = [(folder / f"{part}.bash").read_text() for part in library.PARTS]
    names = ("tasks", "cpus_per_task", "mem_per_cpu", "gpus")
    given = "".join(f"__ds_{name}=1\n" for name in names)
    given += "".join(f"__ds_{name}=()\n" for name in ("program", "options", "srun", "loop"))
    script.write_text("#!/bin/bash\n" + given + "\n".join(texts) + '\n__ds_main "$@"\n')
    assert shellcheck(script) == ""
    assert sorted(path.stem for path in folder.iterdir()) == sorted(library.PARTS)


def test_runtime__on_any_bash__keeps_no_text_in_temporary_files() -> None:
    """W-STO-5: bash before 5.1 keeps here-strings in files of /tmp, which may be full."""
    for part in library.PARTS:
        assert "<<<" not in library.part(part), part


def test_script__in_another_process__has_the_same_bytes() -> None:
    """W-REN-1, W-HASH-1."""
    program = (
        "from tests.sbatch_api.rendering.corpus import CASES, case\n"
        "from deepsquare_sbatch_api.domain.rendering import render\n"
        f"for name in CASES: print(name, render(case(name), nonce={NONCE!r}).batch_location_hash)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, locale, zone in (("1", "C", "UTC"), ("2", "C.UTF-8", "Asia/Tokyo"))
    }
    assert len(outputs) == 1


def test_hash__of_a_rendering__is_that_of_its_bytes_and_changes_with_the_nonce() -> None:
    """W-HASH-1, W-REN-2."""
    one, two = (render(a_job(a_run("true")), nonce=digit * 32) for digit in "01")
    assert one.batch_location_hash == batch_location_hash(one.script.encode())
    assert one.batch_location_hash != two.batch_location_hash
    assert batch_location_hash(b"") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5N"


def test_size__above_two_mebibytes__is_refused_with_the_largest_steps() -> None:
    """W-REN-10."""
    steps = [a_run("x" * 110_000, step_name=f"big {i}") for i in range(20)]
    with pytest.raises(ScriptTooLarge, match="at most 2 MiB") as error:
        render(a_job(*steps), nonce=NONCE)
    assert error.value.details["largest_steps"][0]["name"].startswith("big ")


def test_size__of_few_large_steps_on_a_network__is_refused_with_those_steps() -> None:
    """W-REN-10: functions that belong to no step, as that of the networks, are not listed."""
    net = VirtualNetwork(name="net", gateway_address="10.1.0.1/24")
    vnet = VNet(name="net", address="10.1.0.2/24")
    step = a_run(
        "true",
        network="slirp4netns",
        map_uid=0,
        env=tuple(EnvVar(key=f"V{i}", value="x" * 110_000) for i in range(20)),
        custom_network_interfaces=(NetworkInterface(vnet=vnet),),
    )
    with pytest.raises(ScriptTooLarge) as error:
        render(a_job(step, virtual_networks=(net,)), nonce=NONCE)
    assert [large["path"] for large in error.value.details["largest_steps"]] == ["0"]


def many_steps(count: int) -> Job:
    return a_job(*[a_run(f"echo {i}") for i in range(count)])


def many_networks(count: int) -> Job:
    """One step that joins four times as many networks as asked for."""
    subnets = [f"10.{i >> 8}.{i & 255}" for i in range(4 * count)]
    networks = [VirtualNetwork(name=net, gateway_address=f"{net}.1/24") for net in subnets]
    vnets = [VNet(name=net, address=f"{net}.2/24") for net in subnets]
    interfaces = tuple(NetworkInterface(vnet=vnet) for vnet in vnets)
    run = a_run("true", network="pasta", map_uid=0, custom_network_interfaces=interfaces)
    return a_job(run, virtual_networks=tuple(networks))


@pytest.mark.parametrize("many", [many_steps, many_networks])
def test_rendering__of_a_large_job__takes_linear_time(many: Callable[[int], Job]) -> None:
    """W-REN-10."""

    def seconds(count: int) -> float:
        job = many(count)
        return least_processor_seconds(lambda: render(job, nonce=NONCE), runs=6)

    assert seconds(1000) < 12 * seconds(200)  # 5 if linear, 25 if quadratic


def test_secrets__of_a_rendering__are_not_in_its_repr_without_the_script() -> None:
    """W-REN-11: what may be logged of a rendering is hash and step paths."""
    job = a_job(a_run("true", step_name="s"), env=(EnvVar(key="K", value="hush"),))
    rendering = render(job, nonce=NONCE)
    assert "hush" not in repr(rendering)


# --- words and nodes -----------------------------------------------------------------------------


def run_bash(script: str) -> bytes:
    raw = script.encode("utf-8")
    return subprocess.run(["/bin/bash"], input=raw, capture_output=True, check=True).stdout


@given(st.lists(ANY, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_words__of_any_text__reach_the_program_byte_for_byte(texts: list[str]) -> None:
    """W-REN-4, W-REN-5."""
    script = write_script([Command("printf", [literal("%s\\0"), *map(literal, texts)])])
    assert run_bash(script) == "".join(f"{text}\0" for text in texts).encode()


@given(ANY)
@settings(max_examples=60, deadline=None)
def test_here_document__of_any_text__keeps_every_byte(text: str) -> None:
    """W-REN-6."""
    nodes: list[Node] = [
        HereDocument("__ds_x", text),
        Command("printf", [literal("%s"), variable("__ds_x")]),
    ]
    assert run_bash(write_script(nodes)) == text.encode()


def test_delimiter__when_a_line_equals_it__is_another() -> None:
    """W-REN-6."""
    text = "a"
    for _ in range(5):
        text += "\n" + delimiter(text)
    assert delimiter(text) not in text.split("\n")


@pytest.mark.parametrize("name", ["a b", "x;y", "", "1a", "a\n", "$(x)"])
def test_name__that_is_none__is_refused(name: str) -> None:
    """W-REN-4: names are validated, not escaped."""
    with pytest.raises(InvalidName):
        write_script([Command(name)])
    with pytest.raises(InvalidName):
        str(variable(name))


@pytest.mark.parametrize(
    "node", [Command("printf", [literal("a\0b")]), HereDocument("__ds_x", "a\0b")]
)
def test_script__with_nul__is_refused(node: Node) -> None:
    """W-REN-5, W-REN-6: bash would leave it out."""
    with pytest.raises(InvalidText):
        write_script([node])


@pytest.mark.integration
@given(values=st.lists(ANY.filter(lambda text: len(text.encode()) < 4000), min_size=3, max_size=3))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text__in_any_field__reaches_its_program(
    tmp_path_factory: pytest.TempPathFactory, values: list[str]
) -> None:
    """Conformance 39; W-REN-2 to W-REN-6, W-ENV-2, W-FOR-1, W-RUN-4."""
    item, value, command = values
    site = BatchSite(tmp_path_factory.mktemp("any") / "site")
    show = 'printf \'<%s>\' "$item" "$V"'
    # The text of a command is code; as the word after `:` in single quotes it must change nothing.
    harmless = f": {literal(command)}\n" + "# long enough for a here-document\n" * 40
    loop = StepFor(
        items=(item,), steps=(a_run(show, env=(EnvVar(key="V", value=value),)), a_run(harmless))
    )
    result = site.run(a_job(Step(for_=loop)))
    assert result.code == 0, result.stderr
    assert (site.root / "stdout").read_bytes() == f"<{item}><{value}>".encode()
    assert not list(site.root.glob("x"))


def test_render__takes_only_what_determines_the_script() -> None:
    """W-REN-1, W-REN-12."""
    rendering = render(case("everything"), nonce=NONCE)
    assert rendering.peak.tasks >= 1
    assert rendering.steps[0].path == "0"
    assert isinstance(case("everything"), Job)
