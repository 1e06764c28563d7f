"""What templates may not do, and how much work they may ask for (workflow.md 6.2)."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sbatch_api.modules.template_subject import rendered
from tests.support.processor_time import least_processor_seconds

from deepsquare_sbatch_api.domain.templates import TemplateError


def error_of(template: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        rendered(template)
    return caught.value


ERRORS = [
    ("a\n  {{ nothing }}", 2, 6, "there is no function nothing"),
    (
        "{{ .Job.Env }}",
        1,
        4,
        "templates cannot see .Env of Job; they see .Resources, .EnableLogging",
    ),
    ("{{ .Job.Input }}", 1, 4, "templates cannot see .Input of Job"),
    ("{{ .Step.Run }}", 1, 4, "templates cannot see .Run of Step; they see .Name, .Use"),
    ("{{ .Other }}", 1, 4, "templates cannot see .Other of data; they see .Job, .Step"),
    ("{{ (index .Step.Use.Steps 0).Run }}", 1, 4, "can be placed, not read"),
    ("{{ range .Step.Use.Steps }}{{ .Run.Env }}{{ end }}", 1, 31, "can be placed, not read"),
    ("{{ with first .Step.Use.Steps }}{{ .name }}{{ end }}", 1, 36, "can be placed, not read"),
    *[
        (f"{{{{ {name} }}}}", 1, 4, f"there is no function {name.split()[0]}")
        for name in (
            'env "HOME"',
            'expandenv "$HOME"',
            "now",
            "randAlpha 5",
            'tpl "a" .',
            'readFile "a"',
            "call .x",
            "genPrivateKey",
            'sha256sum "a"',
            "uuidv4",
            'getHostByName "a"',
            "fail",
            "lookup",
            "toJson .",
            "html",
            "js",
            "urlquery",
            "slice",
        )
    ],
    *[
        (f"{{{{ {word} }}}}", 1, 4, f"{word.split()[0]} is not supported here")
        for word in ('define "a"', 'template "a"', 'block "a" .', "break", "continue")
    ],
    ("{{ if true }}", 1, 1, "{{if}} has no {{end}}"),
    ("{{ end }}", 1, 1, "{{end}} without a block"),
    ("{{ else }}", 1, 1, "{{else}} without"),
    ("{{ if 1 }}{{ else }}{{ else }}{{ end }}", 1, 21, "{{else}} without"),
    ("{{ with 1 }}{{ else with 2 }}{{ end }}", 1, 21, "after else comes nothing"),
    ("{{ if }}{{ end }}", 1, 1, "a value is missing"),
    ("{{ }}", 1, 1, "an action is empty"),
    ("{{ 1 | }}", 1, 1, "a value is missing"),
    ("{{ 1 2 }}", 1, 6, "only a function takes arguments"),
    ("{{ 1 | 2 }}", 1, 8, "only a function can take the value of a pipe"),
    ("{{ nil }}", 1, 4, "nil is no command"),
    ("{{ $x }}", 1, 4, "the variable $x is not defined"),
    ("{{ $x = 1 }}", 1, 4, "the variable $x is not defined"),
    ("{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}", 1, 39, "the variable $x is not defined"),
    ("{{ if true }}{{ $x := 1 }}{{ else }}{{ $x }}{{ end }}", 1, 40, "the variable $x is not"),
    ("{{ 1.5 }}", 1, 4, "1.5 is no integer"),
    ("{{ 012 }}", 1, 4, "012 is no integer"),
    ("{{ 9223372036854775808 }}", 1, 4, "is no integer"),
    ("{{ 'a' }}", 1, 4, "character constants are not supported"),
    ('{{ "a }}', 1, 4, "a string is not closed"),
    ('{{ "\\q" }}', 1, 4, "a bad escape in a string"),
    ("{{ 1", 1, 5, "the action that starts on line 1 is not closed"),
    ("{{/* a }}", 1, 3, "a comment stands alone"),
    ("{{ (1 }}", 1, 4, "a parenthesis is not closed"),
    ("{{ 1) }}", 1, 5, "unexpected ) in an action"),
    ("{{ add 1(2) }}", 1, 9, "a blank is missing before ("),
    ("{{ add }}", 1, 4, "add takes at least 1 arguments, not 0"),
    ("{{ upper 5 }}", 1, 4, "upper: a string is needed, not an integer"),
    ("{{ div 1 0 }}", 1, 4, "div: division by zero"),
    ("{{ index list 0 }}", 1, 4, "index: there is no entry 0 in a list of 0"),
    ("{{ eq 1 true }}", 1, 4, "eq: cannot compare an integer with a boolean"),
    ("{{ lt true false }}", 1, 4, "lt: cannot order"),
    ("{{ range 5 }}{{ end }}", 1, 10, "range goes over lists and maps"),
    ('{{ printf "%x" 1 }}', 1, 4, "printf: %x is not supported"),
    ('{{ printf "%s" }}', 1, 4, "printf: %s has no argument"),
    ('{{ printf "a" 1 }}', 1, 4, "printf: 1 arguments have no place"),
    ("{{ mul 9223372036854775807 2 }}", 1, 4, "mul: the result does not fit into 64 bits"),
    ("{{ ternary 1 2 3 }}", 1, 4, "ternary: a boolean is needed"),
]


@pytest.mark.parametrize(("template", "line", "column", "message"), ERRORS)
def test_anything_else__is_an_error_with_its_place(
    template: str, line: int, column: int, message: str
) -> None:
    """W-TPL-1, W-TPL-2, W-TPL-3."""
    error = error_of(template)
    assert message in error.message
    assert (error.line, error.column) == (line, column)


DOUBLING = "{{ $x := list 1 }}" + "{{ $x = list $x $x }}" * 45
VARIABLES = [f"{{{{ $v{number} := 1 }}}}" for number in range(30_000)]
HEAVY = [
    "{{ range until 99999 }}{{ range until 99999 }}{{ end }}{{ end }}",
    "{{ range until 100001 }}{{ end }}",
    '{{ repeat 2000000 "a" }}',
    '{{ $x := "aaaaaaaaaa" }}' + "{{ $x = print $x $x }}" * 30 + "{{ $x }}",
    '{{ range until 5000 }}{{ repeat 1000 "a" }}{{ end }}',
    DOUBLING + "{{ $x }}",
    DOUBLING + "{{ has $x $x }}",
    DOUBLING + "{{ toYaml $x }}",
    "{{ $x := list }}{{ range until 5000 }}{{ $x = list $x }}{{ end }}{{ $x }}",
    "{{ $x := list }}{{ range until 50000 }}{{ $x = append $x . }}{{ end }}",
    '{{ $x := repeat 900000 "a" }}{{ range until 1000 }}{{ $y := quote $x }}{{ end }}',
    '{{ $x := splitList "" (repeat 90000 "a") }}{{ range until 1000 }}{{ $y := uniq $x }}{{ end }}',
    "{{ indent 1000000000 `a` }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ if 1 }}" * 5000 + "{{ end }}" * 5000,
    "a" * (1024 * 1024 + 1),
    "".join(VARIABLES),
    "".join(VARIABLES[:900]) + "{{ range until 30000 }}{{ $v0 }}{{ end }}",
    "".join(VARIABLES[:900]) + "{{ range until 30000 }}{{ $v0 = 1 }}{{ end }}",
    "{{- 1 -}}" * 100_000,
    "{{ if false }}" + "{{ 1 }}" * 140_000 + "{{ end }}",
    "{{ print" + " 1" * 500_000 + " }}",
    "{{ 1" + "|print" * 150_000 + " }}",
]


@pytest.mark.parametrize("template", HEAVY, ids=range(len(HEAVY)))
def test_work_beyond_the_limits__is_stopped_within_a_second(template: str) -> None:
    """W-TPL-5."""
    assert least_processor_seconds(lambda: error_of(template)) < 2


WORDS = """
{{ }} {{- -}} if else end range with $x := = | ( ) . .Job .Step .Use .Steps list dict add index
until 5 -1 "a" `b` toYaml printf nil true /* */ , first join
"""
texts_of_words = st.lists(st.sampled_from([*WORDS.split(), " ", "\n"]), max_size=30).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(texts_of_words | st.text(max_size=50))
def test_any_text__gives_a_result_or_a_template_error(template: str) -> None:
    for text in (template, "{{ " + template + " }}"):
        with contextlib.suppress(TemplateError):
            assert isinstance(rendered(text), str)
