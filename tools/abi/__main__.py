"""Compile the contracts and write the SDK's generated package.

``python -m tools.abi`` writes, ``python -m tools.abi --check`` only names what is stale.
"""

import sys

from tools.abi.compiled import ROOT, read_artefacts
from tools.abi.package import render_package, stale_files, write_package


def main(arguments: list[str]) -> int:
    """Write the package, or with ``--check`` only name what is stale; returns the exit status."""
    is_check = "--check" in arguments
    files = render_package(read_artefacts(is_anew=not is_check))
    stale = stale_files(ROOT, files)
    if is_check:
        for path in stale:
            print(f"stale: {path}: run `make abi`")
        return 1 if stale else 0
    write_package(ROOT, files)
    for path in stale:
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
