"""The steps handed to a module, each placed at most once (W-TPL-3)."""

from deepsquare.workflow import PlacedStep, Step
from deepsquare.workflow.document import Places


class Children:
    """Gives out children as the module's document asks for them."""

    def __init__(self, steps: tuple[Step, ...], places: Places) -> None:
        self._steps = steps
        self._places = places
        self._placed: set[int] = set()

    def place(self, index: int) -> Step | None:
        """Return a child, marked as placed; None if there is none or it stands elsewhere."""
        if index in self._placed or not 0 <= index < len(self._steps):
            return None
        self._placed.add(index)
        child = PlacedStep.of(self._steps[index])
        self._places.move(self._steps[index], child)
        return child

    def unplaced(self) -> int:
        """Return how many children stand nowhere."""
        return len(self._steps) - len(self._placed)
