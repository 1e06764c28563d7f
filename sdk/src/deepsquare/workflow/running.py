"""The launches that run at a point of a workflow, for `deepsquare.workflow.concurrency`."""

import itertools
from dataclasses import dataclass, field, replace

from deepsquare.workflow.demand import NOTHING, Demand
from deepsquare.workflow.model import Step, VNet
from deepsquare.workflow.model.expansion import PlacedStep

Users = dict[tuple[str, str], VNet]
"""An interface by name of its virtual network and address."""

_serials = itertools.count()


@dataclass(frozen=True, slots=True)
class Load:
    """What runs at once: its demand, and the addresses it uses."""

    demand: Demand = NOTHING
    users: Users = field(default_factory=dict)

    def __add__(self, other: "Load") -> "Load":
        if self is NO_LOAD or other is NO_LOAD:
            return other if self is NO_LOAD else self
        return Load(self.demand + other.demand, _joined(self.users, other.users))

    def __sub__(self, other: "Load") -> "Load":
        users = {key: user for key, user in self.users.items() if key not in other.users}
        return Load(self.demand - other.demand, users)

    def __or__(self, other: "Load") -> "Load":
        if self is NO_LOAD or other is NO_LOAD:
            return other if self is NO_LOAD else self
        demand, users = self.demand | other.demand, _joined(self.users, other.users)
        is_same = demand is self.demand and users is self.users
        return self if is_same else Load(demand, users)

    def __mul__(self, count: int) -> "Load":
        return Load(self.demand * count, self.users)


def _joined(users: Users, others: Users) -> Users:
    """Return the union; dictionaries of users are never changed, so that one can be shared."""
    if not others:
        return users
    return users | others if users else others


NO_LOAD = Load()


@dataclass(slots=True)
class Tally:
    """Launches not yet awaited, by serial number: of this scope, and of those around."""

    own: dict[int, Load] = field(default_factory=dict)
    around: dict[int, Load] = field(default_factory=dict)
    total: Load = NO_LOAD
    own_total: Load = NO_LOAD
    peak: Load = NO_LOAD


@dataclass(slots=True)
class Scope:
    """A scope while it is walked. ``room`` is all that runs in and around it may use."""

    room: Demand
    tally: Tally = field(default_factory=Tally)
    names: dict[str, int] = field(default_factory=dict)
    """Serial numbers of the launches that can be awaited here, by handle."""
    callers: tuple[dict[str, int], ...] = ()
    """Handles seen by the users of the modules around, innermost last."""
    is_share: bool = False
    """Whether this is inside one of several parallel iterations, of which each has a share."""

    @property
    def total(self) -> Load:
        """The load of all launches that run here."""
        return self.tally.total

    @property
    def peak(self) -> Load:
        """The most this scope has needed so far, without the launches around it."""
        return self.tally.peak

    def free(self) -> Demand:
        """Return the room that the running launches leave."""
        return self.room - self.total.demand

    def note(self, own: Load) -> None:
        """Note the peak of one step, beside this scope's launches."""
        self.tally.peak |= self.tally.own_total + own

    def start(self, handle: str | None, load: Load) -> None:
        """Add a launch."""
        serial = next(_serials)
        self.tally.own[serial] = load
        self.tally.total += load
        self.tally.own_total += load
        self.note(NO_LOAD)
        if handle is not None:
            self.names[handle.lower()] = serial

    def release(self, handles: tuple[str, ...]) -> None:
        """Take launches out that have been awaited."""
        for handle in handles:
            self._take_out(self.names.get(handle.lower(), -1))

    def _take_out(self, serial: int) -> None:
        if (load := self.tally.own.pop(serial, None)) is not None:
            self.tally.own_total -= load
            self.tally.total -= load
        elif (load := self.tally.around.pop(serial, None)) is not None:
            self.tally.total -= load

    def close(self, nested: "Scope") -> None:
        """Note what a nested scope that has ended needed; what it has awaited has ended too."""
        self.note(nested.peak)
        for serial in (*self.tally.own, *self.tally.around):
            if serial not in nested.tally.around:
                self._take_out(serial)

    def nested(self) -> "Scope":
        """Open a scope that runs once, beside the launches here."""
        around = {**self.tally.around, **self.tally.own}
        return Scope(
            self.room,
            Tally(around=around, total=self.total),
            dict(self.names),
            self.callers,
            self.is_share,
        )

    def module(self) -> "Scope":
        """Open the scope of a module, which sees no handle from outside."""
        return replace(self.nested(), names={}, callers=(*self.callers, dict(self.names)))

    def iteration(self, room: Demand) -> "Scope":
        """Open the scope of one of several parallel iterations, with its share of the room."""
        tally = Tally(total=Load(NOTHING, self.total.users))
        return replace(self.nested(), room=room, tally=tally, is_share=True)

    def of(self, step: Step) -> "Scope":
        """Return this scope as a step sees it: a placed one sees its writer's handles."""
        if not isinstance(step, PlacedStep):
            return self
        return replace(self, names=self.callers[-step.levels], callers=self.callers[: -step.levels])
