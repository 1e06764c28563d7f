"""The Ape scripts as an operator runs them, against anvil in the place of the testnet."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts import _plan, _wallet
from tools.solc.ask import COMPILER_FOLDER, ROOT

from deepsquare.deployment import Deployment, DeploymentRefused, read_deployment
from deepsquare.identifiers import ZERO_ADDRESS, parse_address
from deepsquare.testing import Anvil, development_account

pytestmark = pytest.mark.integration

APE = Path(sys.executable).with_name("ape")
PROVIDER = development_account(4).address


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    with Anvil() as chain:
        yield chain


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deployments")


@pytest.fixture(autouse=True)
def no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in filter(_is_own, list(os.environ)):
        monkeypatch.delenv(name)


def _is_own(variable: str) -> bool:
    return variable.startswith("DEEPSQUARE_") and variable != "DEEPSQUARE_ANVIL"


def run(
    script: str,
    url: str | None,
    folder: Path,
    *arguments: str,
    account: int = 0,
) -> subprocess.CompletedProcess[str]:
    """Run a script on deepsquare:testnet, with a development account as the key file."""
    environment = {
        **{name: value for name, value in os.environ.items() if not _is_own(name)},
        "DEEPSQUARE_DEPLOYMENTS": str(folder),
        "DEEPSQUARE_GRID_ADMIN": development_account(1).address,
        "SOLCX_BINARY_PATH": str(COMPILER_FOLDER),
    }
    if url is not None:
        environment["DEEPSQUARE_TESTNET_RPC_URL"] = url
    key = folder / "key"
    key.write_text(development_account(account).key.hex())
    environment["DEEPSQUARE_DEPLOYER_KEY_FILE"] = str(key)
    return subprocess.run(
        [APE, "run", *script.split(), *arguments, "--network", "deepsquare:testnet"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def deployed(anvil: Anvil, folder: Path) -> tuple[str, Deployment]:
    result = run("deploy", anvil.http_url, folder)
    assert result.returncode == 0, result.stderr
    return result.stdout, read_deployment(folder / "179188.json")


def test_deploy__tells_the_cost_first__and_writes_the_record(
    deployed: tuple[str, Deployment],
) -> None:
    said, deployment = deployed
    rehearsal, _, rest = said.partition("gas in all; at today's fees at most")
    assert "create MetaScheduler" in rehearsal
    assert rest.count("create MetaScheduler") == 1
    assert rest.rstrip().endswith("deployed, read back and written to 179188.json")
    assert deployment.chain_id == 179188


def test_deploy__complete__leaves_nothing_but_the_record(
    folder: Path, deployed: tuple[str, Deployment]
) -> None:
    assert deployed[1].chain_id == 179188
    assert [path.name for path in folder.glob("*.*")] == ["179188.json"]


def test_deploy__again__deploys_nothing(
    anvil: Anvil, folder: Path, deployed: tuple[str, Deployment]
) -> None:
    result = run("deploy", anvil.http_url, folder)
    assert result.returncode == 0
    assert f"has the grid already: MetaScheduler {deployed[1].meta_scheduler}" in result.stdout
    assert "create" not in result.stdout


def test_deploy__to_another_chain__says_so_in_one_line(tmp_path: Path) -> None:
    with Anvil(chain_id=1337) as other:
        result = run("deploy", other.http_url, tmp_path)
    assert result.returncode == 1
    assert error_line(result) == (
        "Error: Provider connected to chain ID '1337', which does not match network chain ID"
        " '179188'. Are you connected to 'testnet'?"
    )


def test_deploy__without_an_endpoint__says_which_variable_in_one_line(tmp_path: Path) -> None:
    result = run("deploy", None, tmp_path)
    assert result.returncode == 1
    assert error_line(result) == (
        "Error: DEEPSQUARE_TESTNET_RPC_URL is not set: give it the HTTP endpoint of the network"
    )


def test_operate__at_an_endpoint_that_is_down__says_so_in_one_line(tmp_path: Path) -> None:
    with Anvil() as stopped:
        url = stopped.http_url
    result = run("operate providers", url, tmp_path)
    assert result.returncode == 1
    assert error_line(result) == f"Error: No (supported) node found on '{url}'."


def test_deploy__with_an_empty_wallet__says_so_in_one_line(anvil: Anvil, tmp_path: Path) -> None:
    result = run("deploy", anvil.http_url, tmp_path, account=50)
    assert result.returncode == 1
    assert "has 0.000000 coin for gas, but this can take" in error_line(result)
    assert not list(tmp_path.glob("*.json"))


def test_operate__a_call__is_sent(
    anvil: Anvil, folder: Path, deployed: tuple[str, Deployment]
) -> None:
    result = run("operate ban", anvil.http_url, folder, PROVIDER)
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1].startswith("ProviderManager.ban: done in 0x")


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("0x12", '"0x12" is no address: give 0x and 40 hex digits'),
        (ZERO_ADDRESS, "nobody has the zero address"),
        (f"{PROVIDER},", '"" is no address: give 0x and 40 hex digits'),
    ],
)
@pytest.mark.parametrize("variable", [_plan.ADMIN, _plan.OPERATORS, _plan.METASCHEDULERS])
def test_plan__with_a_bad_address__names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(variable, value)
    if variable == _plan.ADMIN and "," in value:
        complaint = f'"{value}" is no address: give 0x and 40 hex digits'
    with pytest.raises(DeploymentRefused) as refused:
        _plan.plan_from_environment(parse_address(PROVIDER))
    assert refused.value.message == f"{variable}: {complaint}"


def test_plan__with_too_many_credits__names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_plan.CREDITS, str(10**14))
    with pytest.raises(DeploymentRefused, match=r"^DEEPSQUARE_GRID_CREDITS: 10+ credits are more"):
        _plan.plan_from_environment(parse_address(PROVIDER))


@pytest.mark.parametrize("variable", [_plan.ADMIN, _plan.OPERATORS, _plan.CREDITS])
def test_plan__with_an_empty_variable__takes_the_default(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    deployer = parse_address(PROVIDER)
    monkeypatch.setenv(variable, "")
    plan = _plan.plan_from_environment(deployer)
    assert (plan.admin, plan.operators) == (None, (deployer,))
    assert plan.initial_supply_wei == 10**27


def test_plan__of_no_credits__is_of_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_plan.CREDITS, "0")
    assert _plan.plan_from_environment(parse_address(PROVIDER)).initial_supply_wei == 0


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"abc", "does not hold a key in hex"),
        (b"\xff" * 32, "does not hold a key in hex"),
        (b"ab" * 31, "does not hold a key of 32 bytes"),
        (b"00" * 32, "holds a number that is no key"),
        (b"ff" * 32, "holds a number that is no key"),
        (None, "No such file or directory"),
    ],
)
def test_key_file__that_is_a_file_without_a_key__says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, complaint: str
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(_wallet.KEY_FILE, str(path))
    with pytest.raises(DeploymentRefused) as refused:
        _wallet.load_wallet(None)
    assert str(path) in refused.value.message
    assert refused.value.message.endswith(complaint)


def test_wallet__without_key_file_or_alias__says_what_to_set() -> None:
    with pytest.raises(DeploymentRefused) as refused:
        _wallet.load_wallet(None)
    assert refused.value.message == (
        "there is no key to deploy with: set DEEPSQUARE_DEPLOYER_KEY_FILE or give --account ALIAS"
    )


def error_line(result: subprocess.CompletedProcess[str]) -> str:
    """The one line of complaint, which ends what is said; a stack would stand around it."""
    lines = [*result.stdout.splitlines(), *result.stderr.splitlines()]
    [line] = [line for line in lines if line.upper().startswith("ERROR")]
    assert lines[-1] == line
    assert not [line for line in lines if line.lstrip().startswith("File ")]
    return line
