"""The environment of a batch: built from nothing, so that no secret of the supervisor leaks."""

from collections.abc import Mapping

from deepsquare_supervisor.ports.accounts import PER_USER, Account

PREFIX = "DEEPSQUARE_SITE_"


def batch_environment(account: Account, site: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a customer's batches; ``site`` holds those that differ by site."""
    return {
        "HOME": str(account.home),
        "USER": account.user,
        "LOGNAME": account.user,
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        **{PREFIX + name: str(account.root / folder) for name, folder in PER_USER.items()},
        **{PREFIX + name: value for name, value in site.items() if value},
    }
