"""Text from a job made safe to print on a terminal.

A log may hold anything. Colours and tabs are kept (SGR and TAB); everything else that makes a
terminal act is shown instead of done: cursor movement, titles, links (OSC 8), the clipboard
(OSC 52), device control, and their C1 forms of one character.
"""

import re

_ESC = "\x1b"
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters but TAB and LF, C1, and characters that reorder or break lines."""

RESET = f"{_ESC}[0m"


def neutralise(text: str, *, keeps_colour: bool = False) -> str:
    """Return text whose control characters are shown, as ``\\x1b`` or ``\\u202e``.

    A carriage return before a line feed is dropped, another one starts a new line: progress bars
    stay readable and cannot overwrite what was said before.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if not keeps_colour:
        return _UNSAFE.sub(_shown, _SGR.sub("", lines))
    safe = "".join(_keep_colour(part) for part in _split_colours(lines))
    return safe + RESET if _ESC in safe else safe


def _split_colours(text: str) -> list[str]:
    return re.split(f"({_SGR.pattern})", text)


def _keep_colour(part: str) -> str:
    return part if _SGR.fullmatch(part) else _UNSAFE.sub(_shown, part)


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
