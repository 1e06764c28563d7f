"""The tree of a template. ``at`` is the offset in its text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, integer, boolean or nil."""

    at: int
    value: str | int | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A function."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name``; ``$`` is the data of the whole template."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Dot:
    """The data at hand."""

    at: int


@dataclass(frozen=True, slots=True)
class Fields:
    """``.A.B`` after an operand."""

    at: int
    operand: "Operand"
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """An operand, or a function with its arguments."""

    at: int
    operands: tuple["Operand", ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each given the value of the one before; the result may go to variables."""

    at: int
    variables: tuple[str, ...]
    is_assignment: bool
    """``=`` to variables that exist, rather than ``:=``."""
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is written as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A pipeline whose value is written, unless it goes to a variable."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Block:
    """``if``, ``with`` or ``range``."""

    word: str
    pipeline: Pipeline
    body: tuple["Node", ...]
    otherwise: tuple["Node", ...]


Operand = Literal | Name | Variable | Dot | Fields | Pipeline
Node = Text | Action | Block
