"""Files that must be whole after any interruption."""

import os
from pathlib import Path

from deepsquare.deployment.errors import DeploymentRefused


def replace_file(path: Path, text: str) -> None:
    """Write a file, whole or not at all; raises `DeploymentRefused` where that is not possible."""
    draft = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise DeploymentRefused(f"{path} cannot be written: {error.strerror}") from error
