"""Private keys as files that only their owner may read, as every service and the CLI want them."""

from pathlib import Path

from eth_account.signers.local import LocalAccount


def write_key(folder: Path, name: str, account: LocalAccount) -> Path:
    """Write an account's key to ``keys/<name>`` and return the file."""
    file = folder / "keys" / name
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(f"0x{bytes(account.key).hex()}\n")
    return file
