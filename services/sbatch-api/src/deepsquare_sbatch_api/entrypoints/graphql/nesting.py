"""How deep a text nests, before a recursive parser sees it.

Python's own guard is not enough: py_ecc, which eth-account imports, raises the recursion limit to
100,000, and then `json.loads` ends the process on a body of brackets (seen with py_ecc 8.0.0 on
CPython 3.11).
"""

import re

MAX_NESTING = 256
"""More than a workflow's 200 levels (workflow.md W-DOC-7) with a request around it."""

_MARKS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'  # block string
    r'|"(?:[^"\\\n]|\\.)*"'  # string
    r"|#[^\n]*"  # comment
    r"|[\[{(]|[\]})]",
    re.DOTALL,
)


def is_too_deep(text: str) -> bool:
    """Tell whether brackets outside strings and comments nest deeper than `MAX_NESTING`.

    It reads JSON and GraphQL; JSON has no comments and block strings, and its parser stops at them.
    """
    depth = 0
    for match in _MARKS.finditer(text):
        mark = match.group()
        if mark in "[{(":
            depth += 1
        elif mark in "]})":
            depth -= 1
        if depth > MAX_NESTING:
            return True
    return False
