"""Words of ENTRYPOINT commands, against those of a real shell."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsquare_sbatch_api.domain.rendering.words import split_words

_MARK = "\x01"
_PIECES = [
    "a",
    "é",
    " ",
    "\n",
    "\t",
    "\\\n",
    r"\a",
    r"\$",
    r"\'",
    r"\"",
    "\\\\",
    "''",
    "'b c'",
    r"'\'",
]
_PIECES += ["'\\\n'", '""', '"d e"', r'"\$"', r'"\`"', r'"\a"', '"\\\n"', r'"\""', '"\'"']


def words_of_bash(command: str) -> list[str]:
    """Return what a shell makes of a command without operators and expansions."""
    program = f"set -- {command}\nfor word; do printf '%s{_MARK}' \"$word\"; done\n"
    done = subprocess.run(["bash", "--posix", "-c", program], capture_output=True, check=True)
    return done.stdout.decode().split(_MARK)[:-1]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", []),
        ("  \n\t ", []),
        ("--model x \\\n  --port 8000\n", ["--model", "x", "--port", "8000"]),
        ("one\\\ntwo", ["onetwo"]),
        ("a\nb", ["a", "b"]),
        ("''", [""]),
        ("a''b '' \"\"", ["ab", "", ""]),
        ("'a\\\nb' \"a\\\nb\"", ["a\\\nb", "ab"]),
        (r'"\$HOME \`id\` \" \\ \n"', [r"$HOME `id` \" \n".replace('\\"', '" \\')]),
        (r"\$HOME \'x\ y\\", ["$HOME", r"'x y" + "\\"]),
        ("$HOME $(id) *; | # x", ["$HOME", "$(id)", "*;", "|", "#", "x"]),
        ("pre'mid \"x\"'\"post 'y'\"", ["premid \"x\"post 'y'"]),
    ],
)
def test_words__of_a_command__are_those_of_posix(command: str, words: list[str]) -> None:
    """V-WORDS, W-RUN-7."""
    assert split_words(command) == words


@pytest.mark.integration
@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))
def test_words__of_any_quoting__are_those_of_a_real_shell(command: str) -> None:
    """V-WORDS, W-RUN-7."""
    on_one_line = _join_lines(command)
    assert split_words(command) == words_of_bash(on_one_line)


def _join_lines(command: str) -> str:
    """Make unquoted newlines blanks: to a shell they would end the command."""
    joined, quote, escaped = "", "", False
    for character in command:
        is_plain = not quote and not escaped
        joined += " " if character == "\n" and is_plain else character
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif character in "'\"" and quote in ("", character):
            quote = "" if quote else character
    return joined
