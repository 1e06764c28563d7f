"""What a deployment must remember between two runs: which nonce creates which contract.

Also the block at which it began, from which on its events are to be read.
"""

import json
from pathlib import Path
from typing import Any

from deepsquare.deployment.errors import DeploymentRefused
from deepsquare.deployment.files import replace_file


class Journal:
    """The nonces of the creations that were begun, in memory only."""

    def __init__(self) -> None:
        self.nonce_by_contract: dict[str, int] = {}
        self.start_block = 0

    def begin(self, identity: dict[str, str], block: int) -> None:  # noqa: ARG002 - for files
        """Tie the journal to one deployer, chain and plan."""
        self.start_block = block

    def record(self, contract: str, nonce: int) -> None:
        """Remember a creation; called before it is sent."""
        self.nonce_by_contract[contract] = nonce

    def forget(self, contract: str) -> None:
        """Forget a creation that is to be done anew."""
        self.nonce_by_contract.pop(contract, None)

    def close(self) -> None:
        """The deployment is complete."""

    def copy(self) -> "Journal":
        """Return a journal in memory that knows the same, for a rehearsal."""
        twin = Journal()
        twin.nonce_by_contract = dict(self.nonce_by_contract)
        return twin


class FileJournal(Journal):
    """A journal that survives the process: a small JSON file, replaced atomically."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        if path.exists():
            self.nonce_by_contract = dict(self._read()["nonces"])
        self._identity: dict[str, str] = {}

    def begin(self, identity: dict[str, str], block: int) -> None:
        """Read what an earlier run left; raises `DeploymentRefused` if that meant another plan.

        A block after the head is of a chain that was begun anew since.
        """
        super().begin(identity, block)
        self._identity = identity
        if not self._path.exists():
            return
        found = self._read()
        if found["identity"] != identity:
            raise DeploymentRefused(
                f"{self._path.name} is of a deployment begun by another account or plan:"
                " finish that one, or remove the file"
            )
        self.start_block = min(found["start_block"], block)

    def record(self, contract: str, nonce: int) -> None:
        """Remember a creation on disk."""
        super().record(contract, nonce)
        self._write()

    def forget(self, contract: str) -> None:
        """Forget a creation on disk."""
        super().forget(contract)
        self._write()

    def close(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            _check(found)
        except (OSError, TypeError, ValueError, KeyError) as error:
            raise DeploymentRefused(
                f"{self._path.name} is damaged and cannot tell what was begun: bring back the one"
                " that was written, or remove it to begin a new grid"
            ) from error
        return found

    def _write(self) -> None:
        content = {
            "identity": self._identity,
            "start_block": self.start_block,
            "nonces": self.nonce_by_contract,
        }
        replace_file(self._path, json.dumps(content, indent=1))


def _check(content: dict[str, Any]) -> None:
    numbers = (content["start_block"], *content["nonces"].values())
    if not all(isinstance(number, int) for number in numbers):
        raise TypeError("nonces and blocks are numbers")
    dict(content["identity"])
