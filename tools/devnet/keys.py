"""Secrets as files that only their owner may read, as every service and the CLI want them."""

from pathlib import Path

from eth_account.signers.local import LocalAccount


def write_secret(file: Path, text: str) -> Path:
    """Write a line that nobody else may read and return the file."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(f"{text}\n")
    return file


def write_key(file: Path, account: LocalAccount) -> Path:
    """Write the private key of an account and return the file."""
    return write_secret(file, f"0x{bytes(account.key).hex()}")
