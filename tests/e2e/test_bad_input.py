"""What cannot work is refused at once: one clear line, nothing locked, the documented exit code."""

import subprocess
from collections.abc import Mapping

from tests.e2e.workflows import host_job
from tests.support.grid import START_CREDITS, Actor
from tools.devnet.ports import free_ports

GOOD = host_job("true")
MISSPELT = GOOD.replace("enableLogging", "enableLoging")
TOO_LARGE = host_job("true", tasks=5000)


def _refused(
    actor: Actor, workflow: str, *options: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Submit, check that nothing was locked or said on stdout, and that one line tells why."""
    done = actor.cli_submit(workflow, *options, environment=environment)
    assert actor.credits_wei() == START_CREDITS
    assert actor.client.jobs() == []
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done


def test_unknown_field__submitted__is_named_with_a_suggestion(actor: Actor) -> None:
    done = _refused(actor, MISSPELT, "--minutes", "10")
    assert done.returncode == 2
    assert 'unknown field "enableLoging"; did you mean "enableLogging"?' in done.stderr


def test_credits__too_low__tells_how_much_is_needed(actor: Actor) -> None:
    done = _refused(actor, GOOD, "--credits", "0.5")
    assert done.returncode == 5
    assert "0.5 credits are too low" in done.stderr


def test_credits__more_than_the_wallet_holds__tells_both(actor: Actor) -> None:
    done = _refused(actor, GOOD, "--credits", "1000.5")
    assert done.returncode == 5
    assert "you have 1000 credits and need 1000.5" in done.stderr


def test_allowance__missing_without_permit__tells_how_to_give_it(actor: Actor) -> None:
    done = _refused(actor, GOOD, "--minutes", "10", "--no-permit")
    assert done.returncode == 5
    assert "deepsquare allowance" in done.stderr


def test_sbatch_api__down__locks_nothing(actor: Actor) -> None:
    """faults.md D1."""
    [closed] = free_ports(1)
    nobody = {"DEEPSQUARE_SBATCH_API_URL": f"http://127.0.0.1:{closed}"}
    done = _refused(actor, GOOD, "--minutes", "10", environment=nobody)
    assert done.returncode == 7
    assert "sbatch API" in done.stderr


def test_chain__unreachable__says_so(actor: Actor) -> None:
    [closed] = free_ports(1)
    nobody = {"DEEPSQUARE_RPC_URL": f"http://127.0.0.1:{closed}"}
    done = _refused(actor, GOOD, "--minutes", "10", environment=nobody)
    assert done.returncode == 7


def test_provider__none_fits__tells_why_each_is_out(actor: Actor) -> None:
    done = _refused(actor, TOO_LARGE, "--credits", "900")
    assert done.returncode == 6
    assert "the job needs 5000" in done.stderr


def test_workflow__no_yaml__is_a_usage_error(actor: Actor) -> None:
    assert _refused(actor, "steps: [", "--minutes", "10").returncode == 2
