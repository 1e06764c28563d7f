"""Where a step stands: its path, the scopes around it, the handles it sees."""

from typing import NamedTuple

Handles = dict[str, str]
"""Lower-case handle to the path of the launch, of those that a step at some place sees."""


class Frame(NamedTuple):
    """The scope of the job or of a module: handles, and the index of its environment file."""

    handles: Handles
    env_index: int


class Place(NamedTuple):
    """A place in the tree of steps."""

    path: str
    frames: tuple[Frame, ...]
    """Job first, then the modules around, as far as they are visible here."""
    uses: int = 0
    """Uses around this place, which is also the index of the next environment file less one."""

    @classmethod
    def root(cls) -> "Place":
        """Return the place of the job's steps."""
        return cls("", (Frame({}, 0),))

    @property
    def handles(self) -> Handles:
        """Handles that steps here see; a launch here adds its own."""
        return self.frames[-1].handles

    @property
    def env_index(self) -> int:
        """Index of the environment file that steps here write to."""
        return self.frames[-1].env_index

    def function(self, part: str) -> str:
        """Return the name of the function of a part of the step here; no two steps share one."""
        return f"__ds_{part}_{self.path.replace('.', '_')}"

    def child(self, word: str) -> "Place":
        """Return the place of a child in the same scope."""
        return Place(f"{self.path}.{word}" if self.path else word, self.frames, self.uses)

    def nested_scope(self) -> "Place":
        """Return this place inside a loop or launch: new handles hide outer ones."""
        frame = self.frames[-1]
        inner = Frame(frame.handles.copy(), frame.env_index)
        return Place(self.path, (*self.frames[:-1], inner), self.uses)

    def module_scope(self) -> "Place":
        """Return this place inside a module: no handles, an environment file of its own."""
        inner = Frame({}, self.uses + 1)
        return self._replace(frames=(*self.frames, inner), uses=self.uses + 1)

    def outward(self, levels: int) -> "Place":
        """Return this place for a step that belongs to the scope some uses further out."""
        frames = self.frames[:-levels]
        inner = Frame(frames[-1].handles.copy(), frames[-1].env_index)
        return self._replace(frames=(*frames[:-1], inner))
