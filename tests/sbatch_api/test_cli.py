"""`deepsquare-sbatch-api render | validate | schema`."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest
from tests.sbatch_api.modules.repositories import Repository
from tests.sbatch_api.service import COMMAND, HELLO

from deepsquare.workflow import workflow_schema
from deepsquare_sbatch_api.entrypoints.cli import main

pytestmark = pytest.mark.integration


Done = subprocess.CompletedProcess[bytes]


def run_process(*words: str) -> Done:
    return subprocess.run([str(COMMAND), *words], capture_output=True, check=False, timeout=60)


class Run(Protocol):
    """Runs the command with these words and this input."""

    def __call__(self, *words: str, given: bytes = b"") -> Done: ...


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command here: a process of its own takes a second to load it."""

    def call(*words: str, given: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", [COMMAND.name, *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Done(words, int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def hello(tmp_path: Path) -> str:
    file = tmp_path / "hello.yaml"
    file.write_bytes(HELLO)
    return str(file)


def test_render__valid__writes_only_the_script_to_stdout(hello: str) -> None:
    done = run_process("render", hello)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"#!/bin/bash -l\n# deepsquare-workflow: 1\n# nonce: ")
    syntax = subprocess.run(["bash", "-n"], input=done.stdout, capture_output=True, check=False)
    assert (syntax.returncode, syntax.stderr) == (0, b"")


def test_render__twice__has_different_nonces(run: Run, hello: str) -> None:
    assert run("render", hello).stdout != run("render", hello).stdout


def test_render__with_a_nonce__gives_the_same_bytes_again(run: Run, hello: str) -> None:
    """W-REN-1: the nonce is an argument, at the command line as well."""
    nonce = "0123456789abcdef" * 2
    first = run_process("render", "--nonce", nonce, hello).stdout
    assert first == run("render", "--nonce", nonce, hello).stdout
    assert first.splitlines()[2] == f"# nonce: {nonce}".encode()


@pytest.mark.parametrize("nonce", ["", "abc", "A" * 32, "0" * 31 + "\n"])
def test_render__with_a_malformed_nonce__is_a_usage_error(run: Run, hello: str, nonce: str) -> None:
    """W-REN-2."""
    done = run("render", "--nonce", nonce, hello)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"a nonce is 32 lower-case hex digits" in done.stderr


def test_render__warning__goes_to_stderr(run: Run, hello: str) -> None:
    done = run("render", "-", given=HELLO + b"outputPolicy: always\ncontinuousOutputSync: true\n")
    assert done.returncode == 0
    assert b"warning: 6:23 Job.continuousOutputSync: " in done.stderr
    assert b"Job.continuousOutputSync" not in done.stdout


def test_validate__valid__says_so(run: Run, hello: str) -> None:
    done = run("validate", hello)
    assert (done.returncode, done.stdout) == (0, f"{hello}: valid\n".encode())


def test_validate__mistakes__are_one_line_each_with_places(run: Run) -> None:
    done = run(
        "validate", "-", given=HELLO.replace(b"tasks: 1", b"tasks: 0").replace(b"run", b"rum")
    )
    assert (done.returncode, done.stdout) == (2, b"")
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("1:20 Job.resources.tasks: ")
    assert lines[1] == '4:5 Job.steps[0].rum: unknown field "rum"; did you mean "run"?'


def test_validate__more_mistakes_than_are_listed__says_how_many(run: Run) -> None:
    """W-ERR-1."""
    mistakes = b"".join(b"mistake%d: 1\n" % number for number in range(103))
    done = run("validate", "-", given=HELLO + mistakes)
    lines = done.stderr.decode().splitlines()
    assert (len(lines), lines[-1]) == (101, "and 3 more")


def test_validate__warning_of_a_module__names_it(run: Run, tmp_path: Path) -> None:
    """W-ERR-5, W-ERR-6."""
    commit = Repository.create(tmp_path / "o" / "r").commit({"module.yaml": "steps: []"})
    use = HELLO.replace(b"run: {command: echo hello world}", b"use: {source: h.org/o/r}")
    done = run("validate", f"--module-mirror=h.org={tmp_path}", "-", given=use)
    assert (done.returncode, done.stdout) == (0, b"-: valid\n")
    assert f"warning: h.org/o/r@{commit}: 1:1 Module.name: is required" in done.stderr.decode()


def test_validate__no_such_file__is_a_usage_error(run: Run) -> None:
    done = run("validate", "/nowhere.yaml")
    assert done.returncode == 2
    assert b"does not exist" in done.stderr


def test_schema__any__is_the_published_one(run: Run) -> None:
    assert json.loads(run("schema").stdout) == workflow_schema()


def test_serve__nothing_set__names_every_missing_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = run_process("serve")
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        "deepsquare-sbatch-api: SBATCH_API_RPC_URLS: Field required; "
        "SBATCH_API_CHAIN_ID: Field required; "
        "SBATCH_API_META_SCHEDULER_ADDRESS: Field required; "
        "SBATCH_API_TOKEN_KEYS: Field required"
    ]
