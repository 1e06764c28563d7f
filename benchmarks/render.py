"""Time of a workflow from document to batch script: parse, validate, render; one line each.

    python -m benchmarks.render

Prints ``render: <name> <median ms>`` for the workflows of ``examples/``, for those of the test
corpus (``services``, six services on a virtual network, is the largest), and for the published
workflows where they are present beside the repository. In one process, with garbage collection as
the service has it, after a first run that fills the caches; the median of as many runs as fit half
a second.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from deepsquare.workflow import parse_workflow
from deepsquare_sbatch_api.domain.rendering import render
from deepsquare_sbatch_api.entrypoints.garbage import spare_what_is_loaded

REPOSITORY = Path(__file__).parents[1]
PUBLISHED = REPOSITORY.parent / "shared" / "workflows"
CORPUS = REPOSITORY / "tests" / "sbatch_api" / "rendering" / "documents"
BUDGET_S = 0.5
NONCE = "0" * 32


def main() -> None:
    """Measure each document and print its line."""
    spare_what_is_loaded()
    for path in documents():
        text = path.read_bytes()
        if b" use:" in text or b"TO-BE-FILLED" in text:
            continue  # needs a module, or values of its user
        print(f"render: {path.stem} {median_ms(partial(document_to_script, text)):.3f}")


def document_to_script(text: bytes) -> str:
    """Parse, validate and render."""
    return render(parse_workflow(text).job, nonce=NONCE).script


def documents() -> Iterator[Path]:
    """Yield the documents, smallest first."""
    paths = {
        path.stem: path
        for folder in (REPOSITORY / "examples", CORPUS, PUBLISHED)
        for path in folder.glob("*.yaml")
    }
    yield from sorted(paths.values(), key=lambda path: path.stat().st_size)


def median_ms(call: Callable[[], object]) -> float:
    """Return the median time of a call in milliseconds."""
    call()
    times: list[float] = []
    end = time.perf_counter() + BUDGET_S
    while time.perf_counter() < end:
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    main()
