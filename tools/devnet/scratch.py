"""The one folder that holds all a private grid writes."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_folder(prefix: str = "deepsquare-") -> Iterator[Path]:
    """Make a folder that every user may enter, and remove it and all below it at the end.

    Jobs of other Unix accounts read slurm.conf and write their output below it, so pytest's
    ``tmp_path``, which only its owner may enter, does not do.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
