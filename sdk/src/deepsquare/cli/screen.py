"""What people see: data on stdout, everything else on stderr.

Whatever came from outside (names, labels, errors, logs) is neutralised here before it is printed.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from deepsquare.cli.formats import WRITERS, Record
from deepsquare.cli.terminal import neutralise

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

STATUS_STYLES = {
    "PENDING": "yellow",
    "META_SCHEDULED": "yellow",
    "SCHEDULED": "blue",
    "RUNNING": "cyan",
    "CANCELLED": "magenta",
    "FINISHED": "green",
    "FAILED": "red",
    "OUT_OF_CREDITS": "red",
    "PANICKED": "red",
}
"""The colour of each `JobStatus`; by name, as the enum takes a while to load."""

_FOLDED = frozenset({"name", "labels", "reason", "text", "value", "source"})
"""Columns that may take several lines where a table is too wide."""

_WIDE = 400
"""Columns where stdout is no terminal: nothing is cut or wrapped there."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, or one row of a single record."""

    title: str
    field: str
    is_number: bool = False


@dataclass(frozen=True)
class Screen:
    """Prints in one format; ``table`` is for people, the others are for programs."""

    format: str

    @property
    def is_for_people(self) -> bool:
        """Whether stdout shows text for people rather than records."""
        return self.format == "table"

    @cached_property
    def _out(self) -> "Console":
        return _console(sys.stdout)

    @cached_property
    def _err(self) -> "Console":
        return _console(sys.stderr)

    def records(
        self, records: Sequence[Record], columns: Sequence[Column], *, shown: Sequence[Record]
    ) -> None:
        """Print records; ``shown`` are the same in words for people, by the columns' fields."""
        if not self.is_for_people:
            self._write([dict(record) for record in records])
        elif shown:
            self._table(shown, columns)

    def record(self, record: Record, columns: Sequence[Column], *, shown: Record) -> None:
        """Print one record; without columns people get nothing."""
        if not self.is_for_people:
            self._write(dict(record))
        elif columns:
            self._out.print(_rows(shown, columns), soft_wrap=True)

    def note(self, columns: Sequence[Column], shown: Record) -> None:
        """Tell people the members of a record on stderr."""
        self._err.print(_rows(shown, columns), soft_wrap=True)

    def stage(self, time: str, status: str, why: str) -> None:
        """Tell people on stderr that a job has come to a new stage."""
        from rich.text import Text  # noqa: PLC0415 - only when there is something to say

        line = Text(f"{time:8}  ", style="dim")
        line.append(f"{status:14}  ", style=STATUS_STYLES.get(status, ""))
        line.append(neutralise(why), style="dim")
        self._err.print(line, soft_wrap=True)

    def text(self, text: str) -> None:
        """Print text on stdout: harmless on a terminal, elsewhere as it is."""
        sys.stdout.write(neutralise(text) if sys.stdout.isatty() else text)
        sys.stdout.flush()

    def log_line(self, line: str, *, to_stderr: bool = False) -> None:
        """Print a line of a job's log, harmless, keeping colours where they are shown."""
        stream = sys.stderr if to_stderr else sys.stdout
        stream.write(neutralise(line, keeps_colour=has_colour(stream)) + "\n")
        stream.flush()

    def say(self, text: str, *, style: str = "") -> None:
        """Tell people something on stderr."""
        from rich.text import Text  # noqa: PLC0415 - only when there is something to say

        self._err.print(Text(neutralise(text), style=style), soft_wrap=True)

    def _write(self, data: object) -> None:
        sys.stdout.write(WRITERS[self.format](data))
        sys.stdout.flush()

    def _table(self, shown: Sequence[Record], columns: Sequence[Column]) -> None:
        from rich.table import Table  # noqa: PLC0415 - only for tables

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(
                column.title,
                justify="right" if column.is_number else "left",
                overflow="fold",
                no_wrap=column.field not in _FOLDED,
            )
        for record in shown:
            table.add_row(*(_styled(column, record) for column in columns))
        with self._out.capture() as printed:
            self._out.print(table)
        sys.stdout.write("".join(f"{line.rstrip(' ')}\n" for line in printed.get().splitlines()))


def _rows(shown: Record, columns: Sequence[Column]) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - only for tables

    there = [column for column in columns if shown.get(column.field) not in (None, "")]
    width = max((len(column.title) for column in there), default=0)
    lines = [Text(f"{c.title:{width}}  ", style="bold") + _styled(c, shown) for c in there]
    return Text("\n").join(lines)


def _styled(column: Column, record: Record) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - only for tables

    value = record.get(column.field)
    text = neutralise("" if value is None else str(value))
    style = STATUS_STYLES.get(text, "") if column.field == "status" else ""
    return Text(text, style=style)


def has_colour(stream: TextIO) -> bool:
    """Whether colours are wanted: on a terminal, unless NO_COLOR is set (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def _console(stream: TextIO) -> "Console":
    from rich.console import Console  # noqa: PLC0415 - takes a while to load

    is_terminal = stream.isatty()
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        no_color=not has_colour(stream),
        force_terminal=is_terminal,
        width=None if is_terminal else _WIDE,
    )
