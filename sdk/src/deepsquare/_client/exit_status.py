"""The raw wait status that the chain keeps of a job's end (protocol.md 2.1)."""

import signal
from dataclasses import dataclass

_SIGNAL_BITS = 0x7F
_CODE_SHIFT = 8


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How the batch script ended: by an exit code, or by a signal."""

    code: int
    """The exit code; 128 + n when signal n ended it, as shells say it."""

    signal: int = 0
    """The signal that ended it, 0 if none did."""

    @property
    def shown(self) -> str:
        """For people: ``exit code 3``, or ``signal SIGKILL``."""
        return f"signal {_signal_name(self.signal)}" if self.signal else f"exit code {self.code}"


def parse_wait_status(raw: int) -> ExitStatus:
    """Read a wait status: the low 7 bits are the signal, the next byte the exit code."""
    killed_by = raw & _SIGNAL_BITS
    if killed_by:
        return ExitStatus(128 + killed_by, killed_by)
    return ExitStatus((raw >> _CODE_SHIFT) & 0xFF)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
