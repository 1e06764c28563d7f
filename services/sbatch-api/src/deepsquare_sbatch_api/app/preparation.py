"""What a workflow needs from outside before it can be rendered: modules and image look-ups."""

from dataclasses import dataclass

from deepsquare.workflow import ParsedWorkflow, WorkflowInvalid
from deepsquare.workflow.errors import MAX_REPORTED, WorkflowError
from deepsquare_sbatch_api.app.conditions import check_conditions
from deepsquare_sbatch_api.app.images import ImageLookUp, LookedUp
from deepsquare_sbatch_api.app.modules import ModuleExpander
from deepsquare_sbatch_api.app.planning import Prepared
from deepsquare_sbatch_api.domain.modules import Expansion
from deepsquare_sbatch_api.ports.conditions import ConditionSyntax


@dataclass(frozen=True)
class OutsidePreparation:
    """`Preparation` that fetches modules, has conditions checked and looks images up."""

    modules: ModuleExpander
    images: ImageLookUp
    conditions: ConditionSyntax

    async def prepare(self, parsed: ParsedWorkflow) -> Prepared:
        """See `Preparation.prepare`."""
        expansion = await self.modules.expand(parsed)
        ill = await check_conditions(self.conditions, expansion.job, expansion.places)
        _raise([*expansion.errors, *ill], expansion.warnings)
        looked_up = await self.images.look_up(expansion.job, expansion.places)
        _raise(looked_up.errors, looked_up.warnings)
        return _prepared(parsed, expansion, looked_up)


def _raise(errors: list[WorkflowError], warnings: list[WorkflowError]) -> None:
    if errors:
        left_out = max(0, len(errors) - MAX_REPORTED)
        first = sorted(errors, key=_place)[:MAX_REPORTED]
        raise WorkflowInvalid(first, left_out=left_out, warnings=warnings)


def _place(error: WorkflowError) -> tuple[bool, int, int]:
    """Order errors as in the document (W-ERR-1); those of modules follow as they were found."""
    if error.source is not None:
        return True, 0, 0
    return False, error.line or 0, error.column or 0


def _prepared(parsed: ParsedWorkflow, expansion: Expansion, looked_up: LookedUp) -> Prepared:
    return Prepared(
        job=expansion.job,
        warnings=(*parsed.warnings, *expansion.warnings, *looked_up.warnings),
        modules=tuple(
            {"source": each.source, "commit": each.commit} for each in expansion.modules.values()
        ),
        images=tuple(
            {"image": str(image), "digest": facts.digest, "why": facts.why}
            for image, facts in looked_up.facts.items()
        ),
        facts=looked_up.facts,
    )
