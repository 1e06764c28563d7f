"""The examples of docs/workflow-guide.md do what the guide says."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.batch import NONCE, BatchSite

from deepsquare.workflow import Job, ResolvedModule, parse_workflow
from deepsquare_sbatch_api.domain.modules import FetchedModule, expand, parse_source
from deepsquare_sbatch_api.domain.rendering import render

pytestmark = pytest.mark.integration

GUIDE = Path(__file__).parents[3] / "docs" / "workflow-guide.md"
YAML = r"```yaml\n(?P<document>.*?)```"
PRINTED = r"```text(?: code=(?P<code>\d+))?\n(?P<printed>.*?)```"
EXAMPLE = re.compile(f"{YAML}(?:\n\n{PRINTED})?", re.S)
RESOURCES = "resources: {tasks: 1, cpusPerTask: 1, memPerCpu: 512, gpus: 0}\n"


@dataclass(frozen=True, slots=True)
class Example:
    """A document of the guide, and what the guide says it prints, if it can run anywhere."""

    text: str
    printed: list[str] | None
    code: int

    @property
    def is_module(self) -> bool:
        return self.text.startswith("name:")

    @property
    def label(self) -> str:
        return re.sub(r"\W+", " ", self.text)[-60:].strip()

    def job(self) -> Job:
        head = "" if "resources:\n  tasks" in self.text else RESOURCES
        expansion = expand(parse_workflow(head + self.text), LIBRARY)
        assert (expansion.missing, expansion.errors) == (set(), [])
        return expansion.job


def _example(match: re.Match[str]) -> Example:
    printed = match["printed"]
    lines = None if printed is None else printed.splitlines()
    return Example(match["document"], lines, int(match["code"] or 0))


def _published(text: str) -> FetchedModule:
    return FetchedModule(
        ResolvedModule(SOURCE.text, SOURCE.repository, SOURCE.path, "c" * 40), text
    )


EXAMPLES = [_example(match) for match in EXAMPLE.finditer(GUIDE.read_text())]
WORKFLOWS = [example for example in EXAMPLES if not example.is_module]
RUNNABLE = [example for example in WORKFLOWS if example.printed is not None]
SOURCE = parse_source("github.com/example/modules/train@v1.2.0")
LIBRARY = {SOURCE.text: _published(next(each.text for each in EXAMPLES if each.is_module))}


@pytest.mark.parametrize("example", WORKFLOWS, ids=lambda example: example.label)
def test_example__of_the_guide__renders(example: Example) -> None:
    assert render(example.job(), nonce=NONCE, images={}).steps


@pytest.mark.parametrize("example", RUNNABLE, ids=lambda example: example.label)
def test_example__of_the_guide__prints_what_stands_below_it(
    site: BatchSite, example: Example
) -> None:
    result = site.run(example.job())
    assert (result.lines, result.code) == (example.printed, example.code)


def test_guide__shows_what_most_examples_print() -> None:
    assert len(RUNNABLE) > len(WORKFLOWS) / 2
