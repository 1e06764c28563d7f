"""Keys of accounts: keystore files (version 3) by default, plain keys from the environment.

A key is 32 secret bytes. On disk it is kept encrypted by a password; ``DEEPSQUARE_PRIVATE_KEY`` and
``DEEPSQUARE_PRIVATE_KEY_FILE`` are for automation. Signing needs eth-keys only, so that reading
does not load eth-account.
"""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepsquare.errors import Refused
from deepsquare.identifiers import Address, parse_address
from deepsquare.profile import Settings

if TYPE_CHECKING:
    from eth_keys.datatypes import PrivateKey

AskPassword = Callable[[str], str]
"""Called with a question, returns the password."""


class KeyMissing(Refused):
    """No key is configured, and the request needs one."""

    code = "key_missing"


class InvalidKey(Refused):
    """The text or file is no key."""

    code = "invalid_key"


class WrongPassword(Refused):
    """The password does not open the keystore file."""

    code = "wrong_password"


@dataclass(frozen=True, slots=True)
class Key:
    """A private key; it never shows in its text form."""

    secret: bytes = field(repr=False)

    @property
    def address(self) -> Address:
        """The account of this key."""
        return parse_address(_private_key(self.secret).public_key.to_checksum_address())

    def sign_message(self, text: str) -> str:
        """Return the EIP-191 signature of a text as 0x and 130 hex digits."""
        from eth_utils.crypto import keccak  # noqa: PLC0415 - heavy, only to sign

        body = text.encode()
        prefix = f"\x19Ethereum Signed Message:\n{len(body)}".encode()
        return self.sign_digest(keccak(prefix + body))

    def sign_digest(self, digest: bytes) -> str:
        """Return the signature of 32 bytes as 0x and 130 hex digits, v being 27 or 28."""
        signature = _private_key(self.secret).sign_msg_hash(digest)
        body = signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big")
        return f"0x{body.hex()}{27 + signature.v:02x}"


def parse_key(text: str) -> Key:
    """Read 64 hex digits, with or without 0x; raises `InvalidKey` that does not show the text."""
    digits = text.strip().removeprefix("0x")
    try:
        secret = bytes.fromhex(digits)
    except ValueError:
        secret = b""
    if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < _CURVE_ORDER:
        raise InvalidKey("the private key must be 64 hex digits")
    return Key(secret)


_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def new_key() -> Key:
    """Make a random key."""
    while True:
        secret = secrets.token_bytes(32)
        if 0 < int.from_bytes(secret, "big") < _CURVE_ORDER:
            return Key(secret)


def write_keystore(path: Path, key: Key, *, password: str) -> None:
    """Write a key as a keystore file, encrypted with scrypt, readable by its owner only.

    Raises `InvalidKey` when the file exists: a key is never overwritten.
    """
    from eth_keyfile.keyfile import create_keyfile_json  # noqa: PLC0415 - heavy, only to write

    document: Any = create_keyfile_json(key.secret, password.encode())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InvalidKey(f"{path} exists already and is not overwritten") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(document, file)


def read_keystore(path: Path, *, password: str) -> Key:
    """Open a keystore file; raises `InvalidKey`, `WrongPassword`."""
    from eth_keyfile.keyfile import decode_keyfile_json  # noqa: PLC0415 - heavy, only to open

    document = _keystore_document(path)
    try:
        return Key(bytes(decode_keyfile_json(document, password.encode())))
    except (KeyError, TypeError, NotImplementedError) as error:
        raise InvalidKey(f"{path} is no keystore file of version 3") from error
    except ValueError as error:
        raise WrongPassword(f"the password does not open {path}") from error


def keystore_address(path: Path) -> Address:
    """Return the account of a keystore file without opening it; raises `InvalidKey`."""
    address = str(_keystore_document(path).get("address", ""))
    return parse_address("0x" + address.removeprefix("0x").lower())


def load_key(settings: Settings, ask_password: AskPassword | None = None) -> Key:
    """Return the key that the settings point at.

    In order: ``DEEPSQUARE_PRIVATE_KEY``, the private key file, the keystore file with the password
    from its password file or from ``ask_password``. Raises `KeyMissing`, `InvalidKey`,
    `WrongPassword`.
    """
    if text := os.environ.get("DEEPSQUARE_PRIVATE_KEY"):
        return parse_key(text)
    if settings.private_key_file:
        return parse_key(_read_secret(settings.private_key_file))
    if settings.keystore:
        path = Path(settings.keystore).expanduser()
        return read_keystore(path, password=_password(settings, path, ask_password))
    raise KeyMissing(
        "no key is set up: make one with `deepsquare wallet create`, "
        "or set DEEPSQUARE_PRIVATE_KEY_FILE"
    )


def find_address(settings: Settings) -> Address:
    """Return the account that the settings point at, without a password; raises `KeyMissing`."""
    if settings.address:
        return parse_address(settings.address)
    has_plain_key = os.environ.get("DEEPSQUARE_PRIVATE_KEY") or settings.private_key_file
    if settings.keystore and not has_plain_key:
        return keystore_address(Path(settings.keystore).expanduser())
    return load_key(settings).address


def _password(settings: Settings, path: Path, ask_password: AskPassword | None) -> str:
    if settings.keystore_password_file:
        return _read_secret(settings.keystore_password_file)
    if ask_password is None:
        raise KeyMissing(
            f"{path} needs its password: set DEEPSQUARE_KEYSTORE_PASSWORD_FILE, "
            "or run this on a terminal"
        )
    return ask_password(f"Password of {path.name}")


def _read_secret(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidKey(f"cannot read the key file {path}: {_why(error)}") from error


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else "it is no text"


def _keystore_document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KeyMissing(f"cannot read the keystore file {path}: {error.strerror}") from error
    except ValueError as error:
        raise InvalidKey(f"{path} is no keystore file of version 3") from error
    if not isinstance(document, dict):
        raise InvalidKey(f"{path} is no keystore file of version 3")
    return document


def _private_key(secret: bytes) -> "PrivateKey":
    from eth_keys.datatypes import PrivateKey  # noqa: PLC0415 - heavy, only with a key

    return PrivateKey(secret)


def describe_key(settings: Settings) -> tuple[str, str]:
    """Return where the key is, for people, and the name of the setting that says so."""
    if os.environ.get("DEEPSQUARE_PRIVATE_KEY"):
        return "DEEPSQUARE_PRIVATE_KEY", ""
    for setting in ("private_key_file", "keystore"):
        if path := getattr(settings, setting):
            return str(path), setting
    return "none: looking only", "address"
