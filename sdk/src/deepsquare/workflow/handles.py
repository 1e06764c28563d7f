"""Scoping of launch handles (V-HDL)."""

from collections.abc import Iterable
from difflib import get_close_matches

from deepsquare.workflow.document import Places
from deepsquare.workflow.errors import shown
from deepsquare.workflow.model import Step, StepAsyncLaunch
from deepsquare.workflow.model.expansion import PlacedStep
from deepsquare.workflow.report import Wording

_MOST_CANDIDATES = 50
_LONGEST_CANDIDATE = 40
"""Comparing names takes the product of their lengths: a hostile document has thousands."""


class HandleScope:
    """Handles a step can await: those started earlier, here and in the scopes around."""

    def __init__(self, visible: Iterable[str] = ()) -> None:
        self._visible = {name.lower(): name for name in visible}
        self._own: set[str] = set()

    def nested(self) -> "HandleScope":
        """Open a scope that sees what is visible now."""
        return HandleScope(self._visible.values())

    def sees(self, handle: str) -> bool:
        """Tell whether a step here may await the handle; letter case does not matter."""
        return handle.lower() in self._visible

    def add(self, handle: str) -> bool:
        """Add a launch that has started; False if the scope has a handle of that name."""
        folded = handle.lower()
        is_new = folded not in self._own
        self._own.add(folded)
        self._visible[folded] = handle
        return is_new

    def nearest(self, handle: str) -> str | None:
        """Return the visible handle that was probably meant."""
        if len(handle) > _LONGEST_CANDIDATE:
            return None
        latest = list(self._visible)[-_MOST_CANDIDATES:]
        candidates = [name for name in latest if len(name) <= _LONGEST_CANDIDATE]
        found = get_close_matches(handle.lower(), candidates, n=1)
        return self._visible[found[0]] if found else None


def check_handles(steps: tuple[Step, ...], places: Places) -> None:
    """Report handles defined twice, and awaited ones that no step can await at that place.

    Steps of modules are checked with the document they stand in, not here.
    """
    _walk(steps, HandleScope(), places)


def _walk(steps: tuple[Step, ...], scope: HandleScope, places: Places) -> None:
    for step in steps:
        # Children of a `use` were checked where they were written, in the scope of the user.
        if not isinstance(step, PlacedStep):
            _visit(step, scope, places)


def _visit(step: Step, scope: HandleScope, places: Places) -> None:
    for index, handle in enumerate(step.depends_on):
        if not scope.sees(handle):
            message = _Unknown(handle, scope)
            places.item_error(step, "dependsOn", index, "handle", message=message)
    _walk(step.steps, scope, places)
    if step.for_ is not None:
        _walk(step.for_.steps, scope.nested(), places)
    if step.use is not None:
        _walk(step.use.steps, scope.nested(), places)
    if step.launch is not None:
        _launch(step.launch, scope, places)
    _walk(step.catch, scope, places)
    _walk(step.finally_, scope, places)


def _launch(launch: StepAsyncLaunch, scope: HandleScope, places: Places) -> None:
    _walk(launch.steps, scope.nested(), places)
    handle = launch.handle_name
    if handle is None or places.is_ill(launch, "handle_name"):
        return
    if not scope.add(handle):
        message = f"the handle {shown(handle)} is defined twice in this scope"
        places.error(launch, "handleName", "handle", message=message)


class _Unknown:
    """Words the error for a handle that cannot be awaited, when it is needed."""

    def __init__(self, handle: str, scope: HandleScope) -> None:
        self._handle = handle
        self._scope = scope

    def __call__(self) -> Wording:
        message = (
            f"no launch with the handle {shown(self._handle)} stands earlier, "
            "in this scope or one around it"
        )
        nearest = None if self._scope.sees(self._handle) else self._scope.nearest(self._handle)
        return message + (f'; did you mean "{nearest}"?' if nearest else ""), nearest
