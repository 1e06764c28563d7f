"""`deepsquare profile`: settings, where they come from, and keeping them."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options
from deepsquare.cli.screen import Column

COLUMNS = [Column("SETTING", "setting"), Column("VALUE", "value"), Column("FROM", "source")]


@click.group()
def profile() -> None:
    """Look at settings and keep them in profiles.

    A flag beats the environment, which beats the project file, which beats the profile.
    """


@profile.command()
@shared_options
@pass_invocation
def show(invocation: Invocation, /) -> None:
    """Show the settings in force, and where each one came from."""
    resolved = invocation.resolved
    records = [
        {
            "setting": name,
            "value": _text(getattr(resolved.settings, name)),
            "source": source,
        }
        for name, source in resolved.source_by_name.items()
    ]
    invocation.screen.records(records, COLUMNS, shown=records)


@profile.command(name="list")
@shared_options
@pass_invocation
def list_profiles(invocation: Invocation, /) -> None:
    """List the profiles."""
    from deepsquare.profile_store import read_profiles  # noqa: PLC0415 - not for --help

    chosen = invocation.resolved.settings.profile
    records = [
        {
            "profile": name,
            "in_use": name == chosen,
            "meta_scheduler_address": values.get("meta_scheduler_address"),
        }
        for name, values in read_profiles().items()
    ]
    columns = [
        Column("PROFILE", "profile"),
        Column("IN USE", "in_use"),
        Column("GRID", "meta_scheduler_address"),
    ]
    invocation.screen.records(records, columns, shown=records)


@profile.command(name="set")
@click.argument("setting")
@click.argument("value")
@shared_options
@pass_invocation
def set_value(invocation: Invocation, /, *, setting: str, value: str) -> None:
    """Keep VALUE for SETTING in the profile in use."""
    from deepsquare.profile_store import save_profile  # noqa: PLC0415 - not for --help

    name = str(invocation.overrides.get("profile") or invocation.resolved.settings.profile)
    path = save_profile(name, {setting: value})
    invocation.screen.say(f"saved in {path} [{name}]")


@profile.command()
@click.argument("name")
@shared_options
@pass_invocation
def use(invocation: Invocation, /, *, name: str) -> None:
    """Use the profile NAME from now on."""
    from deepsquare.profile_store import choose_default  # noqa: PLC0415 - not for --help

    path = choose_default(name)
    invocation.screen.say(f"{name} is now the default in {path}")


def _text(value: object) -> str:
    if value is None:
        return ""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
