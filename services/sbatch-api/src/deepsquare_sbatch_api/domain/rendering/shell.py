"""The shell writer: typed nodes in, bash text out (workflow.md W-REN-4 to W-REN-6).

Nothing else in the service writes shell. A *word* is a `literal`, always in single quotes, or a
`variable`, always in double quotes. Names (of commands, functions and variables) are checked, never
escaped. There is no node for raw text: `Library` takes fixed text of this package, which holds no
word of a customer. Nodes live for one rendering and are not frozen: making them would take four
times as long.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NewType, Protocol

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COMMAND = re.compile(r"[A-Za-z_:][A-Za-z0-9_]*")
_COMMENT = re.compile(r"[A-Za-z0-9 ._/@:+-]*")
_INDENT = "  "


class InvalidName(ValueError):
    """A name of the generated script is not one; the generator is wrong, not the customer."""


class InvalidText(ValueError):
    """A text cannot stand in a script; validation must have refused it."""


def _checked(name: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(name):
        raise InvalidName(f"{name!r} is no name of the generated script")
    return name


@lru_cache(maxsize=4096)
def _name(name: str) -> str:
    return _checked(name, _NAME)


@lru_cache(maxsize=4096)
def _command(name: str) -> str:
    return _checked(name, _COMMAND)


Word = NewType("Word", str)
"""A word as it stands in the script; only `literal` and `variable` make one."""


def literal(text: str) -> Word:
    """Return the word that arrives at the command as this text; the only quoting function."""
    return Word(f"'{text}'" if "'" not in text else "'" + text.replace("'", "'\\''") + "'")


def variable(name: str) -> Word:
    """Return the value of a variable of the script, as one word."""
    return Word(f'"${_name(name)}"')


class Node(Protocol):
    """A piece of the script."""

    def write(self, lines: list[str], indent: str) -> None:
        """Append the lines of this piece, indented."""


@dataclass(slots=True)
class Command:
    """A command with its words."""

    name: str
    words: Sequence[Word] = ()

    def __str__(self) -> str:
        return " ".join((_command(self.name), *self.words))

    def write(self, lines: list[str], indent: str) -> None:
        """Append one line (words may hold newlines)."""
        lines.append(indent + str(self))


@dataclass(slots=True)
class Assignment:
    """A variable of the script gets a word; inside functions it is local."""

    name: str
    value: Word
    is_local: bool = False

    def write(self, lines: list[str], indent: str) -> None:
        """Append one line."""
        keyword = "local " if self.is_local else ""
        lines.append(f"{indent}{keyword}{_name(self.name)}={self.value}")


@dataclass(slots=True)
class ArrayAssignment:
    """An array of the enclosing function gets words."""

    name: str
    words: Sequence[Word]

    def write(self, lines: list[str], indent: str) -> None:
        """Append one line."""
        words = " ".join(self.words)
        lines.append(f"{indent}local -a {_name(self.name)}=({words})")


@dataclass(slots=True)
class HereDocument:
    """A variable gets a longer text, byte for byte, with or without a final newline.

    The enclosing function fails where bash cannot keep the document, as on a full disk.
    """

    name: str
    text: str

    def write(self, lines: list[str], indent: str) -> None:
        """Append the document and the removal of the newline that every document ends with."""
        name, end = _name(self.name), delimiter(self.text)
        lines.append(f"{indent}IFS= read -r -d '' {name} <<'{end}' || :")
        lines.append(self.text)
        lines.append(end)
        lines.append(f"{indent}if [[ -z ${name} ]]; then return 1; fi")
        lines.append(f"{indent}{name}=${{{name}%$'\\n'}}")


def delimiter(text: str) -> str:
    """Return a word that stands nowhere in the text, the same for the same text."""
    seed = text.encode("utf-8", "surrogateescape")
    while True:
        found = "END_" + hashlib.sha256(seed).hexdigest()[:12]
        if found not in text:
            return found
        seed = found.encode()


@dataclass(slots=True)
class Function:
    """A function of the script."""

    name: str
    body: Sequence[Node]

    def write(self, lines: list[str], indent: str) -> None:
        """Append the definition."""
        lines.append(f"{indent}{_name(self.name)}() {{")
        for node in self.body:
            node.write(lines, indent + _INDENT)
        lines.append(indent + "}")


@dataclass(slots=True)
class OnlyIf:
    """Nodes that run if a command succeeds; without it, success."""

    test: Command
    then: Sequence[Node]

    def write(self, lines: list[str], indent: str) -> None:
        """Append the condition and its branch."""
        lines.append(f"{indent}if {self.test}; then")
        for node in self.then:
            node.write(lines, indent + _INDENT)
        lines.append(indent + "fi")


@dataclass(slots=True)
class Sequential:
    """Commands one after the other as long as they succeed; the first failure is the code."""

    commands: Sequence[Command]

    def write(self, lines: list[str], indent: str) -> None:
        """Append a line for each; codes are tested, as errexit does not hold in conditions."""
        lines.extend(f"{indent}{command} || return $?" for command in self.commands)


@dataclass(slots=True)
class Comment:
    """A remark for whoever reads the script; plain characters only."""

    text: str

    def write(self, lines: list[str], indent: str) -> None:
        """Append one line."""
        lines.append(f"{indent}# {_checked(self.text, _COMMENT)}")


@dataclass(slots=True)
class Library:
    """Fixed text of this package (see `library`); never built from customers' data."""

    text: str

    def write(self, lines: list[str], indent: str) -> None:  # noqa: ARG002 - fixed text is not moved
        """Append the text as it is."""
        lines.append(self.text)


def write_script(nodes: Sequence[Node]) -> str:
    """Return the text of a script, ending in a newline."""
    lines: list[str] = []
    for node in nodes:
        node.write(lines, "")
    lines.append("")
    script = "\n".join(lines)
    if "\0" in script:
        raise InvalidText("a script cannot hold NUL: bash would leave it out")
    return script
