"""Shell words of a command, by the rules of POSIX (2.2 Quoting, 2.6.5 to 2.6.7), unexpanded.

`shlex.split` differs: it keeps the newline of a continued line, and backslashes before ``$`` and
the backquote in double quotes.
"""

import re

_PIECE = re.compile(
    r"""(?P<continued>\\\n)
      | \\(?P<escaped>.)
      | '(?P<single>[^']*)'
      | "(?P<double>(?:[^"\\]|\\.)*)"
      | (?P<blank>[ \t\n]+)
      | (?P<plain>[^\\'" \t\n]+)""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPED_IN_DOUBLE = re.compile(r'\\(?:\n|([$`"\\]))')


def split_words(command: str) -> list[str]:
    """Return the words of a command whose quotes are balanced (V-WORDS)."""
    words: list[str] = []
    is_open = False
    for piece in _PIECE.finditer(command):
        if piece.lastgroup == "continued":
            continue
        if piece.lastgroup == "blank":
            is_open = False
            continue
        text = piece[piece.lastgroup or 0]
        if piece.lastgroup == "double":
            text = _ESCAPED_IN_DOUBLE.sub(lambda found: found[1] or "", text)
        if is_open:
            words[-1] += text
        else:
            words.append(text)
        is_open = True
    return words
