"""`deepsquare wallet`: keys in keystore files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options
from deepsquare.cli.screen import Column

if TYPE_CHECKING:
    from deepsquare.keys import Key

ROWS = [
    Column("account", "account"),
    Column("key", "key"),
    Column("set by", "source"),
]
_PASSWORD_FILE = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False),
    help="Read the password of the keystore file from here instead of asking.",
)


@click.group()
def wallet() -> None:
    """Make and look at keys; on disk they are encrypted by a password."""


@wallet.command()
@_PASSWORD_FILE
@shared_options
@pass_invocation
def create(invocation: Invocation, /, *, password_file: str | None) -> None:
    """Make a new key and use it in the profile."""
    from deepsquare.keys import new_key  # noqa: PLC0415 - not for --help

    _keep(invocation, new_key(), password_file)


@wallet.command(name="import")
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False),
    help="Read the key, 64 hex digits, from here instead of asking.",
)
@_PASSWORD_FILE
@shared_options
@pass_invocation
def import_key(
    invocation: Invocation, /, *, key_file: str | None, password_file: str | None
) -> None:
    """Take a private key over into a keystore file and use it in the profile."""
    from deepsquare.keys import parse_key  # noqa: PLC0415 - not for --help

    if key_file:
        text = Path(key_file).read_text(encoding="utf-8")
    else:
        text = str(click.prompt("Private key", hide_input=True, err=True))
    _keep(invocation, parse_key(text), password_file)


@wallet.command()
@shared_options
@pass_invocation
def show(invocation: Invocation, /) -> None:
    """Show the account in use and where its key is; never the key."""
    from deepsquare.keys import describe_key, find_address  # noqa: PLC0415 - not for --help

    resolved = invocation.resolved
    where, setting = describe_key(resolved.settings)
    record = {
        "account": find_address(resolved.settings),
        "key": where,
        "source": resolved.source_by_name.get(setting, "environment"),
    }
    invocation.screen.record(record, ROWS, shown=record)


def _keep(invocation: Invocation, key: "Key", password_file: str | None) -> None:
    from deepsquare.keys import write_keystore  # noqa: PLC0415 - not for --help
    from deepsquare.profile import config_dir  # noqa: PLC0415
    from deepsquare.profile_store import save_profile  # noqa: PLC0415

    path = config_dir() / "keys" / f"{key.address}.json"
    write_keystore(path, key, password=_new_password(password_file))
    profile = invocation.resolved.settings.profile
    config = save_profile(profile, {"keystore": str(path)})
    record = {"account": key.address, "key": str(path), "source": f"{config} [{profile}]"}
    invocation.screen.record(record, ROWS, shown=record)
    invocation.screen.say("keep the file and its password: nobody can restore them", style="yellow")


def _new_password(password_file: str | None) -> str:
    if password_file:
        return Path(password_file).read_text(encoding="utf-8").rstrip("\r\n")
    text = "Password for the new keystore file"
    return str(click.prompt(text, hide_input=True, confirmation_prompt=True, err=True))
