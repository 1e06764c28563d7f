"""Logs and other foreign text cannot act on the terminal (faults.md F9)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsquare._client.log_lines import LineDecoder
from deepsquare.chain import JobStatus
from deepsquare.cli.screen import STATUS_STYLES
from deepsquare.cli.terminal import neutralise

ATTACKS = {
    "osc8": "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
    "osc52": "\x1b]52;c;ZXZpbA==\x07",
    "title": "\x1b]0;title\x07",
    "csi_clear": "\x1b[2J\x1b[H",
    "csi_up": "\x1b[3Aoverwritten",
    "dcs": "\x1bP$q\x1b\\",
    "c1_csi": "\x9b31m",
    "c1_osc": "\x9d52;c;ZXZpbA==\x9c",
    "backspace": "abc\x08\x08\x08xyz",
    "bell": "\x07",
    "bidi": "\u202egnp.exe",
    "line_separator": "a\u2028b",
    "query": "\x1b[6n",
    "charset": "\x0e\x1b(0",
}


@pytest.mark.parametrize("keeps_colour", [True, False])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_neutralise__escape_sequence_f9__is_shown_not_done(attack: str, keeps_colour: bool) -> None:
    safe = neutralise(attack, keeps_colour=keeps_colour)
    assert not set(safe) & set(map(chr, [*range(9), *range(11, 32), *range(127, 160)]))
    assert "\\x" in safe or "\\u" in safe


def test_neutralise__colours__are_kept_and_ended_or_dropped() -> None:
    assert neutralise("\x1b[1;31mred", keeps_colour=True) == "\x1b[1;31mred\x1b[0m"
    assert neutralise("\x1b[1;31mred\x1b[0m") == "red"


def test_neutralise__progress_bar__cannot_overwrite_what_was_said() -> None:
    assert neutralise("10%\r20%\r\nend\tof it") == "10%\n20%\nend\tof it"


@given(st.text())
def test_neutralise__any_text__holds_no_control_character(text: str) -> None:
    coloured = re.sub(r"\x1b\[[0-9;:]*m", "", neutralise(text, keeps_colour=True))
    for safe in (neutralise(text), coloured):
        assert all(c in "\n\t" or (ord(c) >= 32 and not 127 <= ord(c) < 160) for c in safe)


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cf", "Zl", "Zp"])))
def test_neutralise__harmless_text__is_unchanged(text: str) -> None:
    assert neutralise(text) == text
    assert neutralise(text, keeps_colour=True) == text


@given(st.binary(), st.lists(st.integers(1, 10)))
def test_line_decoder__pieces_of_any_size__gives_the_same_lines(
    data: bytes, cuts: list[int]
) -> None:
    whole, parts = LineDecoder(), LineDecoder()
    expected = whole.feed(data) + whole.finish()
    found, rest = [], data
    for cut in cuts:
        found += parts.feed(rest[:cut])
        rest = rest[cut:]
    assert found + parts.feed(rest) + parts.finish() == expected


def test_line_decoder__endless_line__is_given_in_parts() -> None:
    decoder = LineDecoder(limit=10)
    assert decoder.feed(b"x" * 25) == ["x" * 25]
    assert decoder.finish() == []


def test_status_styles__have_a_colour_for_each_status__in_the_order_of_the_chain() -> None:
    assert list(STATUS_STYLES) == [status.name for status in JobStatus]
