"""The SDK's generated package is what the contracts compile to now."""

from pathlib import Path

import pytest
from tools.abi.artefacts import Artefacts, Field
from tools.abi.compiled import ROOT, read_artefacts
from tools.abi.package import PACKAGE, render_package, stale_files, write_package
from tools.abi.python_source import python_type, snake_case


@pytest.fixture(scope="module")
def files() -> dict[Path, str]:
    return render_package(read_artefacts())


def test_generated_package__is_fresh(files: dict[Path, str]) -> None:
    assert stale_files(ROOT, files) == [], "run `make abi`"


def test_stale_files__after_a_change__names_it(files: dict[Path, str], tmp_path: Path) -> None:
    write_package(tmp_path, files)
    assert stale_files(tmp_path, files) == []
    changed, left_over = PACKAGE / "enums.py", PACKAGE / "abi" / "Old.json"
    (tmp_path / changed).write_text("JobStatus = 0\n")
    (tmp_path / left_over).write_text("[]")

    assert stale_files(tmp_path, files) == [left_over, changed]
    write_package(tmp_path, files)
    assert stale_files(tmp_path, files) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("customerAddr", "customer_addr"),
        ("_jobId", "job_id"),
        ("ERC20InvalidCap", "erc20_invalid_cap"),
        ("from", "from_"),
    ],
)
def test_snake_case__of_solidity_names(name: str, expected: str) -> None:
    assert snake_case(name) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (Field("jobId", "bytes32", "bytes32"), "JobId"),
        (Field("jobName", "bytes32", "bytes32"), "bytes"),
        (Field("current", "uint8", "enum JobStatus"), "JobStatus"),
        (Field("uses", "tuple[]", "struct Label[]"), "tuple[Label, ...]"),
        (Field("exitCode", "int64", "int64"), "int"),
        (Field("owner", "address", "contract IERC20"), "Address"),
    ],
)
def test_python_type__follows_the_solidity_type(field: Field, expected: str) -> None:
    assert python_type(field) == expected


def test_two_errors_of_one_name__are_refused() -> None:
    from tools.abi.artefacts import CONTRACTS, errors

    def error(kind: str) -> dict[str, object]:
        return {"type": "error", "name": "Odd", "inputs": [{"name": "a", "type": kind}]}

    abis = {name: [error("uint8" if name == "Credit" else "address")] for name in CONTRACTS}
    with pytest.raises(ValueError, match="two errors are called Odd"):
        errors(Artefacts(abis, {}, {}))
