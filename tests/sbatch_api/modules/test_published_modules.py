"""Modules as they are published, at every tag, parse, expand and render (workflow.md W-TPL-6).

The published ones are not part of this repository. Modules of our own with the same constructs
stand for them; with `MODULE_MIRROR`, a folder of clones ``<owner>/<repository>`` (what
`--module-mirror github.com=<folder>` takes), those are tried as well.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.sbatch_api.modules.repositories import Repository

from deepsquare.workflow import WorkflowInvalid
from deepsquare_sbatch_api.app.workflows import Planner
from deepsquare_sbatch_api.entrypoints.planner import OutsideWorld, planner_for

pytestmark = pytest.mark.integration

MIRROR = Path(os.environ["MODULE_MIRROR"]) if "MODULE_MIRROR" in os.environ else None
OWN_FILES = Path(__file__).parent / "own_modules"
OWN = "example/modules"
_MINIMUM = re.compile(r"^\s+(tasks|cpusPerTask|memPerCpu|gpus): *(\d+|{{)", re.MULTILINE)
_INPUT = re.compile(r"^ *- key: *(\w+)", re.MULTILINE)
TASKS = 2
CHILDREN = 2
ARGUMENT = "host.example.org:2200"
"""Fits inputs that templates put into fields with rules."""
VARIANTS = ("bare", "with children", "with arguments and exports")


@dataclass(frozen=True)
class PublishedModule:
    """A module file as a workflow names it."""

    source: str
    text: str

    def document(self, variant: str = "bare") -> bytes:
        """Return a job that uses it, with the resources it asks for."""
        use: dict[str, Any] = {"source": self.source}
        child = {"name": "child", "run": {"command": "echo child"}}
        if variant == "with children":
            use["steps"] = [child] * CHILDREN
        elif variant == "with arguments and exports":
            use["args"] = [{"key": key, "value": ARGUMENT} for key in self._inputs()]
            use["exportEnvAs"] = "RESULT"
        job = {"resources": self._resources(), "steps": [{"name": "use it", "use": use}]}
        return yaml.safe_dump(job, sort_keys=False).encode()

    def _resources(self) -> dict[str, int]:
        """Return at least the minimum, also under a misspelt key; a template computes tasks."""
        head = self.text.partition("\nsteps:")[0].partition("esources:")[2]
        asked = {key: int(n) if n.isdecimal() else TASKS for key, n in _MINIMUM.findall(head)}
        resources = {"tasks": TASKS, "cpusPerTask": 1, "memPerCpu": 1, "gpus": 0}
        return {key: max(least, asked.get(key, 0)) for key, least in resources.items()}

    def _inputs(self) -> list[str]:
        return _INPUT.findall(self.text.partition("\ninputs:")[2].partition("\noutputs:")[0])


def _git(place: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=place, check=True, capture_output=True, text=True
    ).stdout


def _in_mirror(mirror: Path) -> Iterator[PublishedModule]:
    for git in sorted(mirror.glob("*/*/.git")):
        place = git.parent
        for ref in ["HEAD", *_git(place, "tag").split()]:
            commit = _git(place, "rev-list", "-1", ref).strip()
            for file in _git(place, "ls-tree", "-r", "--name-only", ref).split("\n"):
                if file.rpartition("/")[2] == "module.yaml":
                    path = file.removesuffix("module.yaml").rstrip("/")
                    text = _git(place, "show", f"{ref}:{file}")
                    repository = str(place.relative_to(mirror))
                    for name in {_named(path, ref), commit} - {None}:
                        yield PublishedModule(_source(repository, path, name), text)


def _of_our_own() -> Iterator[PublishedModule]:
    for file in sorted(OWN_FILES.rglob("module.yaml")):
        path = file.parent.relative_to(OWN_FILES).as_posix().strip(".")
        for name in ("", "v1"):
            yield PublishedModule(_source(OWN, path, name), file.read_text())


def _source(repository: str, path: str, name: str | None) -> str:
    source = f"github.com/{repository}/{path}".rstrip("/")
    return f"{source}@{name}" if name else source


def _named(path: str, ref: str) -> str | None:
    """Return how a source names a ref ("" for HEAD), or None if the tag is another module's."""
    if ref == "HEAD":
        return ""
    folder, _, tag = ref.rpartition("/")
    return tag if folder == path else None


MODULES = [*_of_our_own(), *(_in_mirror(MIRROR) if MIRROR else ())]
BY_SOURCE = {module.source: module for module in MODULES}
EMPTY = {source for source, module in BY_SOURCE.items() if not module.text.strip()}


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> Planner:
    folder = tmp_path_factory.mktemp("mirror")
    repository = Repository.create(folder / "modules")
    files: dict[str, str | bytes] = {
        str(file.relative_to(OWN_FILES)): file.read_text()
        for file in OWN_FILES.rglob("module.yaml")
    }
    repository.commit(files, tag="v1")
    for path in (file.parent.name for file in OWN_FILES.glob("*/module.yaml")):
        repository.git("tag", f"{path}/v1")
    mirrors = {"github.com/example": folder} | ({"github.com": MIRROR} if MIRROR else {})
    return planner_for(OutsideWorld(image_lookup="off", module_mirrors=mirrors), has_modules=True)


def _syntax_errors(script: bytes) -> bytes:
    return subprocess.run(["bash", "-n"], input=script, capture_output=True, check=False).stderr


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("source", sorted(BY_SOURCE.keys() - EMPTY))
async def test_published_module__used_in_each_way__renders(
    planner: Planner, source: str, variant: str
) -> None:
    """W-TPL-6, W-MOD-0, W-MOD-2."""
    plan = await planner.plan(BY_SOURCE[source].document(variant), nonce="0" * 32)
    assert [module["source"] for module in plan.report["modules"]] == [source]
    assert _syntax_errors(plan.script) == b""
    if variant == "with children" and ".Step.Use.Steps" in BY_SOURCE[source].text:
        assert plan.script.count(b"echo child") == CHILDREN


@pytest.mark.parametrize("source", sorted(EMPTY))
async def test_published_module__that_is_empty__is_refused(planner: Planner, source: str) -> None:
    """W-TPL-6."""
    with pytest.raises(WorkflowInvalid, match="empty"):
        await planner.plan(BY_SOURCE[source].document(), nonce="0" * 32)
